import { appendFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { tail, tryCommand } from './run-command.ts';
import { findCommand } from './tool-location.ts';
import type { GoSource, GoTool } from './tools.ts';

export interface GoBuild {
  readonly tool: GoTool;
  /** The finished folder; it appears only when the build has succeeded. */
  readonly folder: string;
  readonly logFile: string;
}

const timeoutMs = 40 * 60_000;
const buildFlags = ['-trimpath', '-ldflags=-s -w'];

/** Builds one Go program into its folder. Throws an error that names the package and holds the end of go's output. */
export async function installGoTool(build: GoBuild): Promise<void> {
  const { tool, folder } = build;
  if (findCommand('go') === undefined) {
    throw new Error(`Go (1.26 or later) builds ${tool.package}, and the command go is not here.`);
  }
  const unfinished = `${folder}.${process.pid}.unfinished`;
  await mkdir(unfinished, { recursive: true });
  try {
    if (tool.build === 'install') {
      await runGo(['install', ...buildFlags, `${tool.package}@${tool.version}`], unfinished, build);
    } else {
      await buildInScratchModule(unfinished, build);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Builds a program whose source lies here. Throws as installGoTool. */
export async function buildGoSource(build: {
  readonly tool: GoSource;
  readonly folder: string;
  readonly logFile: string;
}): Promise<void> {
  const { tool, folder, logFile } = build;
  const unfinished = `${folder}.${process.pid}.unfinished`;
  await mkdir(unfinished, { recursive: true });
  try {
    const named = { logFile, tool: { package: tool.program, version: tool.version } };
    const program = join(unfinished, tool.program);
    await runGo(['build', ...buildFlags, '-o', program, '.'], tool.folder, named);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function buildInScratchModule(folder: string, build: GoBuild): Promise<void> {
  const { tool } = build;
  await writeFile(join(folder, 'go.mod'), 'module scratch\n\ngo 1.26\n');
  await runGo(['get', `${tool.package}@${tool.version}`], folder, build);
  await runGo(['build', ...buildFlags, '-o', basename(tool.package), tool.package], folder, build);
}

async function runGo(
  args: readonly string[],
  folder: string,
  { tool, logFile }: { readonly tool: Pick<GoTool, 'package' | 'version'>; readonly logFile: string },
): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0', GOBIN: folder };
  // The tools are built beside other tests: those go first.
  const result = await tryCommand('nice', ['-n', '10', 'go', ...args], { cwd: folder, env, timeoutMs });
  const output = `${result.stdout}${result.stderr}`;
  appendFileSync(logFile, output);
  if (result.code === 0) return;
  throw new Error(`go could not build ${tool.package} ${tool.version}:\n${tail(output, 15)}`);
}
