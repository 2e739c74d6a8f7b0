import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone after the test. */
export async function scratchFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'cerulean-process-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** The files below a folder, as paths from there, sorted. Sockets and the like are left out. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** The files below a folder that hold these bytes. */
export async function filesHolding(folder: string, bytes: Uint8Array | string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await filesBelow(folder)) {
    if ((await readFile(join(folder, file))).includes(bytes)) found.push(file);
  }
  return found;
}

/** The object files of a data folder. */
export async function objectFiles(data: string): Promise<string[]> {
  return (await filesBelow(data)).filter((file) => /^blobs\/[0-9a-f]{2}\/[0-9a-f]{32}$/.test(file));
}
