import { join } from 'node:path';
import { type CommandResult, tryCommand } from '../tools/run-command.ts';
import { cleanEnvironment, projectFolder, type ServerProcess } from './server-process.ts';

/** Runs the operator's command as a process of its own, as an operator does. */
export function operate(server: Pick<ServerProcess, 'data'>, ...words: string[]): Promise<CommandResult> {
  const entry = join(projectFolder, 'packages', 'cli', 'src', 'main.ts');
  return tryCommand(process.execPath, [entry, '--data', server.data, ...words], {
    cwd: projectFolder,
    env: cleanEnvironment(),
  });
}

/** What the operator's command answers with `--output json`. Throws unless it ends with 0. */
export async function operateJson<Result>(
  server: Pick<ServerProcess, 'data'>,
  ...words: string[]
): Promise<Result> {
  const { code, stdout, stderr } = await operate(server, ...words, '--output', 'json');
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Result;
}

export interface Credentials {
  readonly username: string;
  readonly passwords: readonly { readonly name: string; readonly value: string }[];
}

/** The password of this name, as the operator sees it. */
export function passwordIn(credentials: Credentials, name: 'password' | 'password2'): string {
  const found = credentials.passwords.find((password) => password.name === name)?.value;
  if (found === undefined) throw new Error(`There is no ${name} of ${credentials.username}.`);
  return found;
}
