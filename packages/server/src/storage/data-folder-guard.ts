/**
 * The data folder is taken by one server at a time. The lock is SQLite's own on a file of its own: the system takes
 * it back when its holder dies, however it dies, and no stale file is ever mistaken for a running server.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a holder says of itself, for whoever is refused. */
export interface FolderHolder {
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Where it listens, once it does. */
  readonly address: string | null;
}

/** The folder is in use; the message says by whom and what to do. */
export class DataFolderTaken extends Error {
  override readonly name = 'DataFolderTaken';
}

export interface DataFolderGuard {
  /** Tells those who come later where the server listens. */
  announce(address: string): void;
  release(): void;
}

/** Takes the folder, which is made if it is not there. @throws DataFolderTaken */
export function takeDataFolder(folder: string, holder: Omit<FolderHolder, 'address'>): DataFolderGuard {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const holderFile = join(folder, 'holder.json');
  const lock = new DatabaseSync(join(folder, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new DataFolderTaken(takenText(folder, readHolder(holderFile)));
  }
  const announce = (address: string | null): void => {
    writeFileSync(holderFile, `${JSON.stringify({ ...holder, address })}\n`, { mode: 0o600 });
  };
  announce(null);
  return {
    announce,
    release() {
      rmSync(holderFile, { force: true });
      lock.close();
    },
  };
}

const SQLITE_BUSY = 5;

const isBusy = (error: unknown): boolean => (error as { errcode?: number }).errcode === SQLITE_BUSY;

function readHolder(file: string): FolderHolder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FolderHolder;
  } catch {
    // The holder has not written it yet; who it is stays unsaid.
    return undefined;
  }
}

function takenText(folder: string, holder: FolderHolder | undefined): string {
  const who =
    holder === undefined
      ? 'another Cerulean'
      : `another Cerulean (process ${holder.pid}, started ${holder.startedAt}${holder.address === null ? '' : `, listening on ${holder.address}`})`;
  return (
    `The data folder ${folder} is in use by ${who}.\n` +
    'Stop that one first, or start this one with another folder: --data DIR'
  );
}
