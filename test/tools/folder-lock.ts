import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 500;

/**
 * Runs `work` while a folder of this name exists, so that two runs don't build one tool twice.
 * The lock of a process that is gone is taken over.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(folder), { recursive: true });
  while (!(await tryLock(folder))) await sleep(pollMs);
  try {
    return await work();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryLock(folder: string): Promise<boolean> {
  const holderFile = join(folder, 'pid');
  try {
    await mkdir(folder);
    await writeFile(holderFile, String(process.pid));
    return true;
  } catch (error) {
    if (!isErrorWithCode(error, 'EEXIST')) throw error;
  }
  const holder = Number(await readFile(holderFile, 'utf8').catch(() => ''));
  // An empty file belongs to a holder that has made the folder a moment ago.
  if (holder > 0 && !isRunning(holder)) await rm(folder, { recursive: true, force: true });
  return false;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrorWithCode(error, 'ESRCH');
  }
}

function isErrorWithCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
