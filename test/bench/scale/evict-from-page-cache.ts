import { existsSync } from 'node:fs';
import { runCommand } from '../../tools/run-command.ts';

/**
 * Makes the kernel forget what it holds of a database's files, as after a restart of the machine: GNU dd asks for it
 * by posix_fadvise. Other programs' files stay, so that this disturbs nobody and needs no rights. Nobody may have the
 * database open.
 */
export async function evictFromPageCache(databaseFile: string): Promise<void> {
  for (const file of [databaseFile, `${databaseFile}-wal`, `${databaseFile}-shm`]) {
    if (!existsSync(file)) continue;
    // Dirty pages can't be forgotten.
    await runCommand('sync', [file]);
    await runCommand('dd', [
      `of=${file}`,
      'oflag=nocache',
      'conv=notrunc,fdatasync',
      'count=0',
      'status=none',
    ]);
  }
}
