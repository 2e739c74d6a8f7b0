import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const repository = dirname(dirname(import.meta.dirname));

/** What the fixture `waits.ts` says of itself when it runs. */
export interface Started {
  readonly pid: number;
  readonly version: string;
  readonly arguments: readonly string[];
  /** How many heaps the C library may make; only Linux's has such a number. */
  readonly arenas: string | undefined;
}

/** A process under test, with all that it and its children wrote to the one pipe that they share. */
export interface Launched {
  readonly child: ChildProcess;
  readonly started: Promise<Started>;
  /** Resolves when every process that holds the pipe has ended. */
  readonly allEnded: Promise<{ output: string; errors: string }>;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A small project in a temporary folder that has the launcher, one entry and, if asked, the Node that comes along. */
export async function launchedProject(options: { withNode: boolean; script: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'launcher-'));
  await cp(join(repository, 'bin'), join(folder, 'bin'), { recursive: true });
  await cp(join(import.meta.dirname, 'fixtures', 'waits.ts'), join(folder, 'waits.ts'));
  await mkdir(join(folder, 'node_modules'));
  if (options.withNode) {
    const packageFolder = dirname(dirname(process.execPath));
    await symlink(packageFolder, join(folder, 'node_modules', packageFolder.split(sep).at(-1) ?? ''));
  }
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'launched', private: true, type: 'module', scripts: { start: options.script } }),
  );
  const launched: Launched[] = [];
  return {
    folder,
    launch: (node: string, command: readonly [string, ...string[]]) => {
      const process = launch(folder, node, command);
      launched.push(process);
      return process;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(launched.map(endLaunched));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A test that failed must not leave behind the process that it failed to end. */
async function endLaunched(launched: Launched): Promise<void> {
  if (launched.child.stdout?.closed === true) return;
  const started = await Promise.race([launched.started.catch(() => undefined), sleep(1000, undefined)]);
  for (const pid of [started?.pid, launched.child.pid]) if (pid !== undefined) endProcess(pid);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Starts a command in the folder, with the given Node first in PATH and nothing of an npm around the tests. */
function launch(folder: string, node: string, command: readonly [string, ...string[]]): Launched {
  const outside = Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_|^INIT_CWD$/i.test(name));
  const path = [dirname(node), ...pathFolders()].join(delimiter);
  const child = spawn(command[0], command.slice(1), {
    cwd: folder,
    env: { ...Object.fromEntries(outside), PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString();
  });
  const started = new Promise<Started>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      output += part.toString();
      const line = output
        .split('\n')
        .find((text, at, all) => text.startsWith('{"pid"') && at < all.length - 1);
      if (line !== undefined) resolve(JSON.parse(line));
    });
    child.on('close', () => reject(new Error(`it ended without starting: ${output}${errors}`)));
  });
  started.catch(() => undefined);
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  // A bound, so that a test whose process does not end fails while it can still end it.
  const late = sleep(20_000, undefined, { ref: false }).then(() => {
    throw new Error(`it has not ended; so far: ${output}${errors}`);
  });
  const allEnded = Promise.race([once(child, 'close'), late]).then(() => ({ output, errors }));
  allEnded.catch(() => undefined);
  return { child, started, exit, allEnded };
}

/** The parent's number of a running process. */
export function parentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
}

/** An installed Node that is older than the one that Cerulean runs on, if this machine has one. */
export function findOlderNode(): string | undefined {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return pathFolders()
    .map((folder) => join(folder, name))
    .find((file) => versionOf(file) < 26);
}

function versionOf(file: string): number {
  try {
    return Number(execFileSync(file, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
}
