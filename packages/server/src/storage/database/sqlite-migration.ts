import { migrate } from './migrations/migrate.ts';
import type { SqliteConnection } from './sqlite-database.ts';

/**
 * Makes a database ready before anything is answered from it: brings the schema forward, then checkpoints. The
 * checkpoint ends recovery: recovery reads frames that may have been in the page cache only.
 * @throws SchemaTooNew
 */
export async function prepareSqlite(connection: SqliteConnection): Promise<void> {
  const { database } = connection;
  database.exec('begin immediate');
  try {
    await migrate({
      dialect: 'sqlite',
      execute: async (sql) => database.exec(sql),
      currentVersion: async () => {
        const table = database.prepare("select 1 from sqlite_master where name = 'schema_version'").get();
        if (table === undefined) return undefined;
        return (database.prepare('select version from schema_version').get() as { version: number }).version;
      },
    });
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
  database.exec('pragma wal_checkpoint(truncate)');
}
