import { writeSync } from 'node:fs';

const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** SQLite's primary result code, or undefined when the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

export const isSqliteFull = (error: unknown): boolean => sqliteCode(error) === SQLITE_FULL;

/**
 * Ends the process at once when SQLite failed to write or found its file damaged. After one failed sync SQLite
 * acknowledged every later commit, so going on would acknowledge lost data; and a tidy exit would checkpoint, that
 * is, copy what may be damaged. The next start recovers what is on the disk.
 */
export function dieIfFatal(error: unknown): void {
  const code = sqliteCode(error);
  if (code !== SQLITE_IOERR && code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) return;
  const text = error instanceof Error ? error.message : String(error);
  writeSync(
    2,
    `cerulean: the database can't be written any more (${text}); ending at once so that nothing false is acknowledged\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}
