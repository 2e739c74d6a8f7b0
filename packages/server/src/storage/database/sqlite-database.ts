/**
 * SQLite through node:sqlite. Only this file opens the database; nothing else in the program may open, copy or look
 * into its files, since closing a descriptor of them drops SQLite's locks (another process then wrote during our
 * BEGIN IMMEDIATE and an acknowledged row was gone).
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StorageFailure } from '../../storage-failure.ts';
import type { Queries, Transaction } from './queries.ts';
import { isUnreadable } from './sqlite-codes.ts';
import { bind, type Parameters, type Statement } from './statement.ts';

/** The oldest library without the bug in which resetting the write-ahead log lost commits. */
const oldestVersion = [3, 51, 3];

/** How long a connection waits for a lock: belt and braces, since there is one writer. */
const busyTimeoutMs = 5000;

export class SqliteConnection implements Transaction {
  readonly dialect = 'sqlite';
  readonly database: DatabaseSync;
  /** What a caller is told in the place of SQLite's own error. */
  readonly #explain: (error: unknown) => unknown;
  readonly #prepared = new Map<Statement<never, unknown>, StatementSync>();

  constructor(database: DatabaseSync, explain: (error: unknown) => unknown = (error) => error) {
    this.database = database;
    this.#explain = explain;
  }

  one<P extends Parameters, R>(statement: Statement<P, R>, parameters: P): Promise<R | undefined> {
    return this.#settle(() => {
      const { prepared, values } = this.#bound(statement, parameters);
      return prepared.get(...values) as R | undefined;
    });
  }

  all<P extends Parameters, R>(statement: Statement<P, R>, parameters: P): Promise<R[]> {
    return this.#settle(() => {
      const { prepared, values } = this.#bound(statement, parameters);
      return prepared.all(...values) as R[];
    });
  }

  run<P extends Parameters, R>(statement: Statement<P, R>, parameters: P): Promise<number> {
    return this.#settle(() => {
      const { prepared, values } = this.#bound(statement, parameters);
      return Number(prepared.run(...values).changes);
    });
  }

  close(): void {
    this.#prepared.clear();
    this.database.close();
  }

  #bound<P extends Parameters, R>(statement: Statement<P, R>, parameters: P) {
    const compiled = statement.compiled('sqlite');
    const key = statement as Statement<never, unknown>;
    let prepared = this.#prepared.get(key);
    if (prepared === undefined) {
      prepared = this.database.prepare(compiled.sql);
      this.#prepared.set(key, prepared);
    }
    return { prepared, values: bind(compiled, parameters) };
  }

  /** A synchronous answer as a promise, with errors as rejections. */
  #settle<T>(run: () => T): Promise<T> {
    try {
      return Promise.resolve(run());
    } catch (error) {
      return Promise.reject(this.#explain(error));
    }
  }
}

/**
 * Opens the one connection that writes. `synchronous=FULL`: an acknowledged commit lies on the disk.
 * @throws Error when the SQLite library is older than the write-ahead log's bug allows.
 */
export function openSqliteWriter(file: string): SqliteConnection {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  refuseOldLibrary(database);
  database.exec('pragma page_size = 4096');
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  // macOS acknowledges an fsync that only reached the drive's cache; elsewhere this changes nothing.
  database.exec('pragma fullfsync = 1');
  database.exec('pragma checkpoint_fullfsync = 1');
  database.exec('pragma foreign_keys = on');
  // 1,000 pages keep the log near 6 MiB and the longest commit near 17 ms; 8,000 pages made that 105 ms.
  database.exec('pragma wal_autocheckpoint = 1000');
  database.exec(`pragma journal_size_limit = ${64 * 1024 * 1024}`);
  database.exec('pragma mmap_size = 0');
  keepTemporariesInMemory(database);
  // SQLite walks through all of the cache's buckets at each commit: with 32 MiB that was a sixteenth of small pushes.
  database.exec(`pragma cache_size = -${8 * 1024}`);
  return new SqliteConnection(database);
}

/**
 * Opens a connection that reads. It reads with `get` and `all` only: an open iterator would pin its snapshot. A file
 * that can't be read, or is damaged, is a StorageFailure `database_unreadable` of the read that meets it.
 */
export function openSqliteReader(file: string): Queries & { close(): void } {
  const database = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
  database.exec('pragma mmap_size = 0');
  keepTemporariesInMemory(database);
  // What it holds is void after each commit of the writer's, and the kernel has the pages anyway.
  database.exec(`pragma cache_size = -${2 * 1024}`);
  return new SqliteConnection(database, storageFailureOf);
}

function storageFailureOf(error: unknown): unknown {
  if (!isUnreadable(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StorageFailure('database_unreadable', `The database can't be read: ${reason}`, { cause: error });
}

/**
 * A savepoint's journal would be a file in /var/tmp otherwise, made for nearly every group: rows would leave the data
 * folder, and a full or read-only /var/tmp would be an I/O error of the database, which ends the process.
 */
function keepTemporariesInMemory(database: DatabaseSync): void {
  database.exec('pragma temp_store = memory');
}

function refuseOldLibrary(database: DatabaseSync): void {
  const row = database.prepare('select sqlite_version() as version').get() as { version: string };
  const version = row.version.split('.').map(Number);
  const difference =
    oldestVersion.map((part, index) => (version[index] ?? 0) - part).find((part) => part !== 0) ?? 0;
  if (difference < 0) {
    database.close();
    throw new Error(
      `SQLite ${row.version} can lose commits when it resets its log; ${oldestVersion.join('.')} is the oldest that Cerulean runs on.`,
    );
  }
}
