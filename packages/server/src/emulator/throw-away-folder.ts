import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A folder that is gone when it is disposed of, and when this process is killed. */
export interface ThrowAwayFolder extends AsyncDisposable {
  readonly path: string;
}

/** Waits until its input ends, which it does however this process ends, and removes the folder. */
const removal = 'read -r _; rm -rf -- "$1"';

/**
 * Makes a folder among the temporary ones that others can pass through, but neither list nor write to. A process of the
 * shell stands by and removes it when this one is killed and can't; there is none on Windows.
 */
export async function makeThrowAwayFolder(prefix: string): Promise<ThrowAwayFolder> {
  const path = await mkdtemp(join(resolve(tmpdir()), prefix));
  await chmod(path, 0o711);
  const remover = process.platform === 'win32' ? undefined : startRemover(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      await remover?.end();
    },
  };
}

function startRemover(path: string): { end(): Promise<void> } {
  // In a session of its own, so that what is sent to all of a terminal or a process group does not reach it.
  const child = spawn('/bin/sh', ['-c', removal, 'emulator-folder', path], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Where there is no shell, a kill leaves the folder behind, as where it is killed too.
  const ended = once(child, 'exit').then(
    () => undefined,
    () => undefined,
  );
  child.stdin.on('error', () => undefined);
  unreference(child);
  return {
    end() {
      child.ref();
      child.stdin.end();
      return ended;
    },
  };
}

/** Lets this process end while that one still runs. */
function unreference(child: ChildProcess): void {
  child.unref();
  (child.stdin as (NodeJS.WritableStream & { unref?(): void }) | null)?.unref?.();
}
