import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { projectFolder } from '../tools/start-cerulean.ts';

export interface LoggedOptions {
  readonly logFile: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command in the project's folder with everything it prints in a file; returns its exit code. */
export async function runLogged(
  command: string,
  args: readonly string[],
  { logFile, env }: LoggedOptions,
): Promise<number> {
  await using log = await open(logFile, 'a');
  const child = spawn(command, args, {
    cwd: projectFolder,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}
