import { columnTypes } from './migration.ts';
import { migrations, schemaVersion } from './migrations.ts';

/** The few things that a migration needs of a connection. */
export interface MigrationConnection {
  readonly dialect: 'sqlite' | 'postgres';
  execute(sql: string): Promise<void>;
  /** The version in the table `schema_version`, or undefined when there is no such table. */
  currentVersion(): Promise<number | undefined>;
}

/** The database was made by a newer program. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  constructor(found: number) {
    super(
      `The database has schema ${found} and this program knows schemas up to ${schemaVersion}: run a newer Cerulean. ` +
        'Schemas only go forward; to go back, restore a backup that was made before the upgrade.',
    );
  }
}

/** Brings the schema forward inside the caller's transaction. @throws SchemaTooNew */
export async function migrate(connection: MigrationConnection): Promise<void> {
  const found = await connection.currentVersion();
  if (found !== undefined && found > schemaVersion) throw new SchemaTooNew(found);
  if (found === schemaVersion) return;
  if (found === undefined) {
    await connection.execute('create table schema_version (version integer not null)');
    await connection.execute('insert into schema_version (version) values (0)');
  }
  for (const migration of migrations) {
    if (migration.version <= (found ?? 0)) continue;
    for (const statement of migration.statements(columnTypes[connection.dialect]))
      await connection.execute(statement);
  }
  await connection.execute(`update schema_version set version = ${schemaVersion}`);
}
