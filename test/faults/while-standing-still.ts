import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '@cerulean/server/is-errno.ts';

/**
 * Does something while a process stands still: it is stopped, none of its threads is inside of a system call, and it
 * goes on afterwards. A process that is gone is no hindrance.
 *
 * A power that is cut by ext4's shutdown must meet a process that stands still. An fsync that was under way was seen to
 * answer 0 for bytes that were not there afterwards: for a program that did nothing but append and sync too, 3 times in
 * 240 cut files, and never when it had been stopped. When a machine's power goes, no fsync returns.
 */
export async function whileStandingStill(pid: number, act: () => Promise<void>): Promise<void> {
  await unlessGone(async () => {
    process.kill(pid, 'SIGSTOP');
    while (!threadsOf(pid).every((thread) => stateOf(pid, thread) === 'T')) await sleep(1);
  });
  await act();
  await unlessGone(async () => void process.kill(pid, 'SIGCONT'));
}

async function unlessGone(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isErrno(error, 'ESRCH', 'ENOENT')) throw error;
  }
}

const threadsOf = (pid: number): string[] => readdirSync(`/proc/${pid}/task`);

/** `T` is stopped, `D` waits inside of a call that can't be interrupted. */
const stateOf = (pid: number, thread: string): string | undefined =>
  readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]?.slice(0, 1);
