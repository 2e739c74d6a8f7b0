/**
 * PostgreSQL: each command in a transaction of its own (READ COMMITTED), many at once; the server groups their
 * commits. Deadlocks and serialisation failures are run again; an unknown outcome of a COMMIT is looked up by the
 * command's event.
 */
import pg from 'pg';
import type { CommandBus, CommandContext, CommandName, Commands } from '../../registry/commands.ts';
import { type Ran, runCommand } from './commands/run-command.ts';
import { migrate } from './migrations/migrate.ts';
import type { Transaction } from './queries.ts';
import { bind, type Parameters, type Statement, statement } from './statement.ts';

const attemptsMax = 5;
const connectionsMax = 16;
const serializationFailure = '40001';
const deadlockDetected = '40P01';
/** Any number that nobody else takes: whoever migrates holds this lock. */
const migrationLock = 7_238_002;

/** `bigint` comes as a string by default; every integer of the schema fits in a double. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: string) =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;

export function openPostgres(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: connectionsMax, types });
  // An idle connection that breaks is dropped by the pool; whoever runs the next statement gets a fresh one.
  pool.on('error', () => undefined);
  return pool;
}

/** Brings the schema forward; of several processes that start at once, one does it. */
export async function preparePostgres(pool: pg.Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await migrate({
      dialect: 'postgres',
      execute: async (sql) => void (await client.query(sql)),
      currentVersion: async () => {
        const table = await client.query("select to_regclass('schema_version') as name");
        if (table.rows[0].name === null) return undefined;
        return Number((await client.query('select version from schema_version')).rows[0].version);
      },
    });
  });
}

/** Runs statements on a pool or on one connection of it. */
export class PostgresQueries implements Transaction {
  readonly dialect = 'postgres';
  readonly #client: pg.Pool | pg.ClientBase;

  constructor(client: pg.Pool | pg.ClientBase) {
    this.#client = client;
  }

  async one<P extends Parameters, R>(wanted: Statement<P, R>, parameters: P): Promise<R | undefined> {
    return (await this.#query(wanted, parameters)).rows[0] as R | undefined;
  }

  async all<P extends Parameters, R>(wanted: Statement<P, R>, parameters: P): Promise<R[]> {
    return (await this.#query(wanted, parameters)).rows as R[];
  }

  async run<P extends Parameters, R>(wanted: Statement<P, R>, parameters: P): Promise<number> {
    return (await this.#query(wanted, parameters)).rowCount ?? 0;
  }

  #query<P extends Parameters, R>(wanted: Statement<P, R>, parameters: P): Promise<pg.QueryResult> {
    const compiled = wanted.compiled('postgres');
    return this.#client.query(compiled.sql, bind(compiled, parameters));
  }
}

export class PostgresCommands implements CommandBus {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async execute<N extends CommandName>(
    name: N,
    input: Commands[N]['input'],
    options: { readonly lane: string; readonly context: CommandContext },
  ): Promise<Commands[N]['output']> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.#attempt(name, input, options.context)).value;
      } catch (error) {
        if (attempt >= attemptsMax || !isRetryable(error)) throw error;
      }
    }
  }

  async #attempt<N extends CommandName>(
    name: N,
    input: Commands[N]['input'],
    context: CommandContext,
  ): Promise<Ran<N>> {
    const client = await this.#pool.connect();
    let ran: Ran<N> | undefined;
    try {
      await client.query('begin');
      ran = await runCommand(new PostgresQueries(client), { name, input, context });
      await client.query('commit');
      client.release();
      return ran;
    } catch (error) {
      const rolledBack = await client.query('rollback').then(
        () => true,
        () => false,
      );
      client.release(!rolledBack);
      // The connection broke at the COMMIT: the event says whether it went through.
      if (!rolledBack && ran !== undefined && (await this.#happened(context))) return ran;
      throw error;
    }
  }

  async #happened(context: CommandContext): Promise<boolean> {
    const row = await new PostgresQueries(this.#pool).one(eventById, { id: context.commandId });
    return row !== undefined;
  }
}

function isRetryable(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === serializationFailure || code === deadlockDetected;
}

/** Runs `work` between BEGIN and COMMIT on one connection. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const value = await work(client);
    await client.query('commit');
    client.release();
    return value;
  } catch (error) {
    const rolledBack = await client.query('rollback').then(
      () => true,
      () => false,
    );
    client.release(!rolledBack);
    throw error;
  }
}

const eventById = statement<{ id: string }>()((q, p) =>
  q.selectFrom('event').select(['id']).where('id', '=', p.id),
);
