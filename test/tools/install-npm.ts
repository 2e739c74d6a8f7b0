import { appendFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tail, tryCommand } from './run-command.ts';
import type { NpmTool } from './tools.ts';

export interface NpmBuild {
  readonly tool: NpmTool;
  /** The finished folder; it appears only when the installation has succeeded. */
  readonly folder: string;
  readonly logFile: string;
}

const timeoutMs = 10 * 60_000;

/** Installs packages into a folder of their own, without their scripts. Throws an error that names them. */
export async function installNpmTool({ tool, folder, logFile }: NpmBuild): Promise<void> {
  const unfinished = `${folder}.${process.pid}.unfinished`;
  await mkdir(unfinished, { recursive: true });
  try {
    const flags = ['--prefix', unfinished, '--ignore-scripts', '--no-audit', '--no-fund'];
    const wanted = Object.entries(tool.packages).map(([name, version]) => `${name}@${version}`);
    const result = await tryCommand('npm', ['install', ...flags, ...wanted], { cwd: unfinished, timeoutMs });
    const output = `${result.stdout}${result.stderr}`;
    appendFileSync(logFile, output);
    if (result.code !== 0)
      throw new Error(`npm could not install ${wanted.join(', ')}:\n${tail(output, 15)}`);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}
