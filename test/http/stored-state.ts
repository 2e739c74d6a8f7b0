import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StartedRegistry } from './start-registry.ts';

/** Everything that is stored: how many rows each table has, a digest of all of them, and the objects. */
export interface StoredState {
  readonly rows: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly objects: readonly string[];
}

/** Reads it by a connection of its own, which sees what is committed. Two equal states: nothing has changed. */
export async function storedState(registry: StartedRegistry): Promise<StoredState> {
  using database = new DatabaseSync(registry.databaseFile, { readOnly: true });
  const tables = database.prepare("select name from sqlite_schema where type = 'table' order by name").all();
  const rows: Record<string, number> = {};
  const hash = createHash('sha256');
  for (const { name } of tables) {
    const all = database.prepare(`select * from "${String(name)}"`).all();
    rows[String(name)] = all.length;
    hash.update(String(name));
    for (const row of all) hash.update(JSON.stringify(row));
  }
  return { rows, digest: hash.digest('hex'), objects: await objectsOf(registry) };
}

/** Names of the objects on the disk. */
export async function objectsOf(registry: StartedRegistry): Promise<string[]> {
  const files = await readdir(join(registry.dataFolder, 'blobs'), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => file.name)
    .toSorted();
}
