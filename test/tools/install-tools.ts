import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withFolderLock } from './folder-lock.ts';
import { installDebianPackages } from './install-debian.ts';
import { buildGoSource, installGoTool } from './install-go.ts';
import { installMavenTool } from './install-maven.ts';
import { installNpmTool } from './install-npm.ts';
import { installPythonTool } from './install-python.ts';
import { builtToolFolder, findTool, toolCacheFolder } from './tool-location.ts';
import { type Tool, type ToolName, tools } from './tools.ts';

/** Two cores are all that the smallest machine has, and one build waits for the network at times. */
const buildsAtOnce = 2;

/**
 * Installs what is missing of these tools, several at a time, and says on `print` what it does.
 * A tool that is there already costs a look. Throws an AggregateError that names every package that can't be had.
 */
export async function installTools(names: readonly ToolName[], print: (line: string) => void): Promise<void> {
  const missing = names.filter((name) => findTool(name) === undefined);
  print(`tools: ${names.length - missing.length} of ${names.length} are here`);
  const debianNames = missing.filter((name) => tools[name].from === 'debian');
  const builtNames = missing.filter((name) => tools[name].from !== 'debian');
  const debian = attempt(() => installDebian(debianNames, print));
  const attempts = [debian];
  // What Maven brings needs Java from Debian first.
  const isMaven = (name: ToolName): boolean => tools[name].from === 'maven';
  const queue = builtNames.filter((name) => !isMaven(name));
  for (let worker = 0; worker < buildsAtOnce; worker += 1) attempts.push(buildFrom(queue, print));
  attempts.push(debian.then(() => buildFrom(builtNames.filter(isMaven), print)));
  const errors = (await Promise.all(attempts)).flat();
  if (errors.length > 0) throw new AggregateError(errors, errors.map((error) => error.message).join('\n'));
}

async function buildFrom(queue: ToolName[], print: (line: string) => void): Promise<Error[]> {
  const errors: Error[] = [];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const chosen = name;
    errors.push(...(await attempt(() => build(chosen, print))));
  }
  return errors;
}

async function attempt(work: () => Promise<void>): Promise<Error[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return [error instanceof Error ? error : new Error(String(error))];
  }
}

async function installDebian(names: readonly ToolName[], print: (line: string) => void): Promise<void> {
  if (names.length === 0) return;
  await withFolderLock(join(toolCacheFolder(), 'debian.lock'), async () => {
    const missing = names.filter((name) => findTool(name) === undefined);
    if (missing.length === 0) return;
    const packages = missing.map((name) => packageOf(tools[name]));
    print(`tools: apt-get installs ${packages.join(' ')}`);
    await installDebianPackages(packages, logFile('debian'));
    const absent = missing.filter((name) => findTool(name) === undefined);
    if (absent.length === 0) return print('tools: apt-get is done');
    throw new Error(`Installed, yet without the commands expected: ${absent.join(', ')}`);
  });
}

async function build(name: ToolName, print: (line: string) => void): Promise<void> {
  const folder = builtToolFolder(name);
  await withFolderLock(`${folder}.lock`, async () => {
    const tool: Tool = tools[name];
    if (tool.from === 'debian' || findTool(name) !== undefined) return;
    const startedAt = Date.now();
    print(`tools: ${name} ${tool.version} is being built`);
    const into = { folder, logFile: logFile(name) };
    if (tool.from === 'go') await installGoTool({ tool, ...into });
    else if (tool.from === 'go-source') await buildGoSource({ tool, ...into });
    else if (tool.from === 'maven') await installMavenTool({ tool, ...into });
    else if (tool.from === 'npm') await installNpmTool({ tool, ...into });
    else await installPythonTool({ tool, ...into });
    print(`tools: ${name} is done after ${Math.round((Date.now() - startedAt) / 1000)} s`);
  });
}

function packageOf(tool: Tool): string {
  return tool.from === 'debian' ? tool.package : '';
}

function logFile(name: string): string {
  const folder = join(toolCacheFolder(), 'logs');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.log`);
}
