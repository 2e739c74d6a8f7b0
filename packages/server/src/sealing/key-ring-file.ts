import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from '../is-errno.ts';
import { syncFolder } from '../sync-folder.ts';
import { formatKeyRing, type KeyRing, keyRing, parseKeyRing, rootKeyBytes } from './key-ring.ts';
import { SealingError } from './sealing-error.ts';

/** Room for several hundred keys; a larger file is something else. */
const keyFileBytesMax = 65_536;

/** Where the key file of a data folder lies unless another path is given. */
export function defaultKeyFile(dataFolder: string): string {
  return join(dataFolder, 'keys', 'root.key');
}

/**
 * Reads the key file. Throws SealingError naming the file and what to do: `key_file_missing`, `key_file_exposed` when
 * every user of the machine may read or write it (not looked at on Windows), `key_file_malformed`, `key_file_failed`.
 */
export async function readKeyRing(path: string): Promise<KeyRing> {
  const facts = await statKeyFile(path);
  // The group may read it: so Kubernetes mounts Secrets for a server that is not root.
  if (process.platform !== 'win32' && (facts.mode & 0o007) !== 0) {
    const message = `The key file ${path} is open to every user of this machine. Run: chmod 600 ${path}`;
    throw new SealingError('key_file_exposed', message);
  }
  if (!facts.isFile() || facts.size > keyFileBytesMax) {
    throw new SealingError(
      'key_file_malformed',
      `${path} is not a key file. Give the path of the key file itself.`,
    );
  }
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SealingError('key_file_failed', `The key file ${path} can't be read: ${reason(error)}`, {
      cause: error,
    });
  });
  return parseKeyRing(text, path);
}

/**
 * Makes a key file with one fresh key, number 1, and reads it back. The caller holds the data folder's guard and has
 * made sure that no database exists: a new key beside old data would only hide that the old key is missing.
 *
 * The file appears under its name whole and durable or not at all, readable for its owner only. Throws SealingError
 * `key_file_exists` when there is one, which is then untouched, and `key_file_failed` when it can't be made.
 */
export async function createKeyRing(path: string): Promise<KeyRing> {
  const ring = keyRing([{ number: 1, key: randomBytes(rootKeyBytes) }]);
  const text = formatKeyRing(ring);
  const folder = dirname(path);
  const temporary = join(folder, `.root-key-${randomBytes(8).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(temporary, text);
    try {
      // A link, unlike a rename, never replaces a key that another process has just put there.
      await link(temporary, path);
    } finally {
      await unlink(temporary);
    }
    await syncFolder(folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    if (isErrno(error, 'EEXIST')) {
      throw new SealingError('key_file_exists', `There is a key file already: ${path}`, { cause: error });
    }
    throw new SealingError('key_file_failed', `The key file ${path} can't be made: ${reason(error)}`, {
      cause: error,
    });
  }
  const readBack = await readKeyRing(path);
  if (formatKeyRing(readBack) !== text) {
    throw new SealingError('key_file_failed', `The key file ${path} does not read back as it was written.`);
  }
  return readBack;
}

async function statKeyFile(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENOTDIR')) {
      throw new SealingError('key_file_failed', `The key file ${path} can't be read: ${reason(error)}`, {
        cause: error,
      });
    }
    const message = `There is no key file at ${path}. Put your backup of it there; without the key nothing that was stored can be opened again.`;
    throw new SealingError('key_file_missing', message, { cause: error });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
