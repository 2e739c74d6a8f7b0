/** The words in which the two engines' table definitions differ. */
export interface ColumnTypes {
  readonly text: string;
  readonly bytes: string;
  readonly int: string;
  /** Numbers rows in the order in which they were inserted; SQLite has one writer and needs none. */
  readonly arrival: string;
  /** Ends a table that has a row id of its own. */
  readonly strict: string;
  /** Ends a table that is stored in the order of its primary key. */
  readonly clustered: string;
}

/** One step of the schema: forward only, and complete in itself. */
export interface Migration {
  readonly version: number;
  statements(types: ColumnTypes): string[];
}

export const columnTypes: Readonly<Record<'sqlite' | 'postgres', ColumnTypes>> = {
  sqlite: {
    text: 'text',
    bytes: 'blob',
    int: 'integer',
    arrival: 'integer',
    strict: ' strict',
    clustered: ' strict, without rowid',
  },
  postgres: {
    text: 'text collate "C"',
    bytes: 'bytea',
    int: 'bigint',
    arrival: 'bigint generated always as identity (cache 1)',
    strict: '',
    clustered: '',
  },
};
