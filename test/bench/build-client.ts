import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../tools/run-command.ts';

const sourceFolder = join(import.meta.dirname, 'client');

/** Builds the benchmark's client (Go, standard library only) and returns its program. Throws without Go. */
export async function buildClient(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const program = join(folder, 'bench-client');
  await runCommand('go', ['build', '-trimpath', '-o', program, '.'], {
    cwd: sourceFolder,
    env: { ...stringsOf(process.env), CGO_ENABLED: '0' },
    timeoutMs: 10 * 60_000,
  });
  return program;
}

function stringsOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value ?? '']));
}
