/**
 * The one writer of a SQLite database: commands run one after another, a savepoint each, many in one commit.
 *
 * A group is what has arrived when the event loop comes round: waiting for one turn doubled the tags put in a second,
 * a timer would only add delay. Everything that waits is answered after the COMMIT, and the shared epochs move first.
 */
import type { StatementSync } from 'node:sqlite';
import { RegistryError } from '../../errors.ts';
import type { CommandBus, CommandContext, CommandName, Commands } from '../../registry/commands.ts';
import { type Ran, runCommand } from '../database/commands/run-command.ts';
import { isSqliteFull } from '../database/sqlite-codes.ts';
import type { SqliteConnection } from '../database/sqlite-database.ts';
import { CommandQueue, type QueuedCommand } from './command-queue.ts';
import { dieIfFatal } from './fatal-sqlite-error.ts';
import type { SharedEpochs } from './shared-epochs.ts';
import { sizeOf } from './size-of.ts';

type Result = { readonly ran: Ran<CommandName> } | { readonly error: Error };

export class GroupCommitter implements CommandBus {
  readonly #connection: SqliteConnection;
  readonly #epochs: SharedEpochs;
  readonly #queue = new CommandQueue();
  /** What every command and every group need, compiled once. */
  readonly #statements: Readonly<Record<'begin' | 'savepoint' | 'release' | 'commit', StatementSync>>;
  #flushing = false;
  #closed = false;

  constructor(connection: SqliteConnection, epochs: SharedEpochs) {
    const { database } = connection;
    this.#connection = connection;
    this.#epochs = epochs;
    this.#statements = {
      begin: database.prepare('begin immediate'),
      savepoint: database.prepare('savepoint command'),
      release: database.prepare('release command'),
      commit: database.prepare('commit'),
    };
  }

  execute<N extends CommandName>(
    name: N,
    input: Commands[N]['input'],
    options: { readonly lane: string; readonly context: CommandContext },
  ): Promise<Commands[N]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new RegistryError('shutting_down', 'The server is stopping; try again in a moment.'));
        return;
      }
      const command = { name, input, ...options, bytes: sizeOf(input), resolve, reject } as QueuedCommand;
      if (!this.#queue.push(command)) {
        reject(new RegistryError('overloaded', 'Too many writes are waiting; try again in a moment.'));
        return;
      }
      this.#schedule();
    });
  }

  /** Carries out what waits, then takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing || this.#queue.count > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    const group = this.#queue.takeGroup();
    const results = await this.#commit(group);
    for (const result of results)
      if ('ran' in result && result.ran.rights === true) this.#epochs.moveRights();
    for (const [index, command] of group.entries()) answer(command, results[index]);
    this.#flushing = false;
    if (this.#queue.count > 0) this.#schedule();
  }

  /** Runs the group in one transaction; when SQLite takes the whole transaction away, each command alone. */
  async #commit(group: readonly QueuedCommand[]): Promise<Result[]> {
    const { database } = this.#connection;
    try {
      this.#statements.begin.run();
      const results: Result[] = [];
      for (const command of group) {
        results.push(await this.#runInSavepoint(command));
        if (!database.isTransaction) return await this.#commitAlone(group, results.at(-1));
      }
      this.#commitChanging(results);
      return results;
    } catch (error) {
      dieIfFatal(error);
      if (database.isTransaction) database.exec('rollback');
      return group.map(() => ({ error: refusalOf(error) }));
    }
  }

  async #runInSavepoint(command: QueuedCommand): Promise<Result> {
    const { database } = this.#connection;
    this.#statements.savepoint.run();
    try {
      const ran = await runCommand(this.#connection, command);
      this.#statements.release.run();
      return { ran };
    } catch (error) {
      dieIfFatal(error);
      if (database.isTransaction) database.exec('rollback to command; release command');
      return { error: refusalOf(error) };
    }
  }

  /** Nothing of the group happened: SQLite rolled all of it back (a full disk does that), so each is tried by itself. */
  async #commitAlone(group: readonly QueuedCommand[], last: Result | undefined): Promise<Result[]> {
    if (group.length === 1 && last !== undefined) return [last];
    const results: Result[] = [];
    for (const command of group) results.push(...(await this.#commit([command])));
    return results;
  }

  /** Commits; what threads remember of the repositories that change is void from before until after. */
  #commitChanging(results: readonly Result[]): void {
    const changed = this.#epochs.changing(
      results.flatMap((result) => ('ran' in result ? (result.ran.touched ?? []) : [])),
    );
    try {
      this.#statements.commit.run();
    } finally {
      changed();
    }
  }
}

function answer(command: QueuedCommand, result: Result | undefined): void {
  if (result === undefined) command.reject(new TypeError('A command has no result.'));
  else if ('error' in result) command.reject(result.error);
  else command.resolve(result.ran.value);
}

function refusalOf(error: unknown): Error {
  if (isSqliteFull(error)) {
    return new RegistryError('storage_full', 'The disk of the database is full; nothing was changed.');
  }
  return error instanceof Error ? error : new Error(String(error));
}
