import { appendFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tail, tryCommand } from './run-command.ts';
import type { MavenTool } from './tools.ts';

export interface MavenBuild {
  readonly tool: MavenTool;
  /** The finished folder; it appears only when the installation has succeeded. */
  readonly folder: string;
  readonly logFile: string;
}

const timeoutMs = 20 * 60_000;

/** Unpacks a package and prepares it, so that it needs no network afterwards. Throws an error that names it. */
export async function installMavenTool({ tool, folder, logFile }: MavenBuild): Promise<void> {
  const unfinished = `${folder}.${process.pid}.unfinished`;
  const repository = `${unfinished}.repository`;
  await mkdir(unfinished, { recursive: true });
  try {
    const wanted = `${tool.package}:${tool.version}:zip`;
    const where = [`-DoutputDirectory=${unfinished}`, `-Dmaven.repo.local=${repository}`];
    const unpack = ['--batch-mode', '--quiet', 'dependency:unpack', `-Dartifact=${wanted}`, ...where];
    for (const [command, ...args] of [
      ['mvn', ...unpack],
      ['sh', join(unfinished, tool.program), ...tool.prepare],
    ]) {
      const result = await tryCommand(command ?? '', args, { cwd: unfinished, timeoutMs });
      const output = `${result.stdout}${result.stderr}`;
      appendFileSync(logFile, output);
      if (result.code !== 0) throw new Error(`maven could not install ${wanted}:\n${tail(output, 15)}`);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    for (const leftOver of [unfinished, repository]) await rm(leftOver, { recursive: true, force: true });
  }
}
