import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tail } from './run-command.ts';

export interface BackgroundOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Everything that the process prints goes to this file. */
  readonly logFile: string;
  /** How long the process may take to stop before it is killed. */
  readonly stopTimeoutMs?: number;
}

export interface BackgroundProcess extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when `ready` does so with true; throws with the log's end when the process dies or is too slow. */
  waitUntil(ready: () => Promise<boolean>, timeoutMs: number): Promise<void>;
  /** The last lines of its log. */
  logTail(): string;
}

const pollMs = 100;

/** Starts a process that goes on until it is disposed of: SIGTERM first, SIGKILL when it doesn't listen. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: BackgroundOptions,
): BackgroundProcess {
  const log = openSync(options.logFile, 'a');
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', log, log],
  });
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  let startError: Error | undefined;
  child.once('error', (error) => {
    startError = error;
  });
  const logTail = (): string => tail(readFileSync(options.logFile, 'utf8'), 40);
  return {
    pid: child.pid ?? -1,
    logTail,
    async waitUntil(ready, timeoutMs) {
      for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += pollMs) {
        if (startError !== undefined)
          throw new Error(`${command} could not be started.`, { cause: startError });
        if (!running()) throw new Error(`${command} ended before it was ready:\n${logTail()}`);
        if (await ready()) return;
        await sleep(pollMs);
      }
      throw new Error(`${command} was not ready after ${timeoutMs} ms:\n${logTail()}`);
    },
    async [Symbol.asyncDispose]() {
      if (child.pid === undefined || !running()) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), options.stopTimeoutMs ?? 20_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
