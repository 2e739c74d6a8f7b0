/**
 * SQL statements: written once with Kysely's typed builder, compiled once for each dialect, run many times.
 *
 * Why not run Kysely's builder at each call: building and compiling a query costs more than SQLite takes to run it
 * (docs/adr/0002 has the measurement), and a command of ten statements would spend most of its time there. So a
 * statement is built with placeholders for its parameters, and at each call only the values are put in their places.
 */
import {
  type Compilable,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './schema.ts';

export type Dialect = 'sqlite' | 'postgres';
export type SqlValue = string | number | null | Uint8Array;
export type Parameters = Readonly<Record<string, SqlValue>>;

/** The builder that a statement is written with; it can run nothing. */
export type Builder = Kysely<Database>;

export interface CompiledStatement {
  readonly sql: string;
  /** For each place in the SQL, the parameter's name or a constant. */
  readonly places: readonly (Placeholder | SqlValue)[];
}

/** A statement with parameters P that answers rows of R. */
export interface Statement<P extends Parameters, R> {
  compiled(dialect: Dialect): CompiledStatement;
  /** Types only. */
  readonly types?: { readonly parameters: P; readonly row: R };
}

/** Stands for a parameter's value while a statement is compiled. */
export class Placeholder {
  readonly parameter: string;
  constructor(parameter: string) {
    this.parameter = parameter;
  }
}

/**
 * Declares a statement: `statement<{ id: string }>()((q, p) => q.selectFrom('blob').selectAll().where('id', '=', p.id))`.
 * It is compiled at its first use in each dialect.
 */
export function statement<P extends Parameters = Record<string, never>>() {
  return <R>(build: (q: Builder, p: P, dialect: Dialect) => Compilable<R>): Statement<P, R> => {
    const compiled = new Map<Dialect, CompiledStatement>();
    return {
      compiled(dialect) {
        let found = compiled.get(dialect);
        if (found === undefined) {
          const query = build(builders[dialect], placeholders as P, dialect).compile();
          found = { sql: query.sql, places: query.parameters as readonly (Placeholder | SqlValue)[] };
          compiled.set(dialect, found);
        }
        return found;
      },
    };
  };
}

/** Puts the values into a compiled statement's places. */
export function bind(compiled: CompiledStatement, values: Parameters): SqlValue[] {
  return compiled.places.map((place) => {
    if (!(place instanceof Placeholder)) return place;
    const value = values[place.parameter];
    if (value === undefined)
      throw new TypeError(`No value for the parameter ${place.parameter} of: ${compiled.sql}`);
    return value;
  });
}

/** Any member asked of it is the placeholder of that name. */
const placeholders: unknown = new Proxy(
  {},
  { get: (_target, name) => (typeof name === 'string' ? new Placeholder(name) : undefined) },
);

const builders: Readonly<Record<Dialect, Builder>> = {
  sqlite: new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  postgres: new Kysely<Database>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
};
