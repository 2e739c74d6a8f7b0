import { appendFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tail, tryCommand } from './run-command.ts';
import type { PythonTool } from './tools.ts';

export interface PythonBuild {
  readonly tool: PythonTool;
  readonly folder: string;
  readonly logFile: string;
}

// The Azure CLI brings some 200 packages, and is installed beside other tests.
const timeoutMs = 20 * 60_000;

/** Makes a virtual environment with the requirements in it. Throws an error that names them. */
export async function installPythonTool({ tool, folder, logFile }: PythonBuild): Promise<void> {
  const steps = [
    ['python3', '-m', 'venv', folder],
    [join(folder, 'bin', 'pip'), 'install', '--disable-pip-version-check', '--quiet', ...tool.requirements],
  ];
  for (const [command, ...args] of steps) {
    const result = await tryCommand(command ?? 'python3', args, { timeoutMs });
    const output = `${result.stdout}${result.stderr}`;
    appendFileSync(logFile, output);
    if (result.code === 0) continue;
    // A virtual environment knows its own path, so it can't be renamed into place: a half-made one goes.
    await rm(folder, { recursive: true, force: true });
    throw new Error(`pip could not install ${tool.requirements.join(', ')}:\n${tail(output, 15)}`);
  }
}
