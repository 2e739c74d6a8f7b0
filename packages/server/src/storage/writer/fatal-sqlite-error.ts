import { writeSync } from 'node:fs';
import { isUnreadable } from '../database/sqlite-codes.ts';

/**
 * Ends the process at once when SQLite failed to write or found its file damaged. After one failed sync SQLite
 * acknowledged every later commit, so going on would acknowledge lost data; and a tidy exit would checkpoint, that
 * is, copy what may be damaged. The next start recovers what is on the disk.
 */
export function dieIfFatal(error: unknown): void {
  if (!isUnreadable(error)) return;
  const text = error instanceof Error ? error.message : String(error);
  writeSync(
    2,
    `cerulean: the database can't be written any more (${text}); ending at once so that nothing false is acknowledged\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}
