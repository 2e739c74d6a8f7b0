import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { type Tool, type ToolName, tools } from './tools.ts';

// Debian keeps daemons where the PATH of an ordinary user does not look.
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** The folder that keeps built tools between runs and between clones; only `npm run test:all` writes to it. */
export function toolCacheFolder(): string {
  const chosen = process.env['CERULEAN_TOOLS_DIR'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const cacheHome = process.env['XDG_CACHE_HOME'];
  const base = cacheHome === undefined || cacheHome === '' ? join(homedir(), '.cache') : cacheHome;
  return join(base, 'cerulean-tools');
}

/** Where a built tool is kept: its version is in the name, so a new pin never meets an old build. */
export function builtToolFolder(name: ToolName): string {
  return join(toolCacheFolder(), `${name}-${tools[name].version}`);
}

/** Absolute path of a tool's program, or undefined when it is not installed. */
export function findTool(name: ToolName): string | undefined {
  const tool: Tool = tools[name];
  if (tool.from === 'python') return existing(join(builtToolFolder(name), 'bin', 'python3'));
  if (tool.from === 'go') return existing(join(builtToolFolder(name), basename(tool.package)));
  if (tool.from === 'go-source') return existing(join(builtToolFolder(name), tool.program));
  if (tool.from === 'npm') {
    const [first = ''] = Object.keys(tool.packages);
    return existing(join(builtToolFolder(name), 'node_modules', first, 'package.json'));
  }
  if (tool.from === 'maven') return existing(join(builtToolFolder(name), tool.program));
  const found = tool.commands.map(findCommand);
  return found.every((path) => path !== undefined) ? found[0] : undefined;
}

/** Absolute path of a tool's program; throws with the command that installs it. */
export function toolFile(name: ToolName): string {
  const path = findTool(name);
  if (path !== undefined) return path;
  throw new Error(`${name} is not installed: run "node bin/run.mjs test/tools/install.ts ${name}".`);
}

/** Absolute path of one command of a Debian package that has several; throws when it is not there. */
export function commandFile(command: string): string {
  const path = findCommand(command);
  if (path === undefined) throw new Error(`The command ${command} is not on this machine.`);
  return path;
}

/** Absolute path of a command on PATH or in the system's folders. */
export function findCommand(command: string): string | undefined {
  if (isAbsolute(command)) return existing(command);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders];
  return folders.map((folder) => existing(join(folder, command))).find((path) => path !== undefined);
}

function existing(path: string): string | undefined {
  return existsSync(path) && statSync(path).isFile() ? path : undefined;
}
