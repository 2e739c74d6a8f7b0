import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorDescription } from '@cerulean/server/emulator/start-emulator.ts';
import { cleanEnvironment, type Ended, projectFolder } from './server-process.ts';

/** An emulator as a process, and whatever started it. Disposing of it kills all of them. */
export interface EmulatorProcess extends AsyncDisposable {
  /** What was spawned: the emulator, npm, or a shell around them. */
  readonly child: ChildProcess;
  /** Rejects when it ends before it is ready. */
  readonly ready: Promise<EmulatorDescription>;
  /** Waits until every process that holds its outputs has ended, and throws when one goes on. */
  end(): Promise<Ended>;
  stdout(): string;
  /** Of the emulator itself, once it is ready. */
  pid(): Promise<number>;
}

export interface EmulatorStart {
  /** In the place of the system's, so that what is left behind is seen. */
  readonly temporaryFolder: string;
  readonly args?: readonly string[];
  /** As its users start it: by `npm`, or by a shell that starts npm; or alone, as a child or a shell's child. */
  readonly by?: 'node' | 'npm' | 'shell' | 'shellNode';
  /** `ignore` is /dev/null. */
  readonly stdin?: 'pipe' | 'ignore';
}

/** Starts an emulator, on any free port unless told otherwise. */
export function spawnEmulator(options: EmulatorStart): EmulatorProcess {
  const { by = 'node', stdin = 'pipe', args = [], temporaryFolder } = options;
  const words = [...(args.includes('--port') ? [] : ['--port', '0']), ...args];
  const [program, ...programArgs] = commands[by](words);
  const outside = Object.entries(cleanEnvironment()).filter(([name]) => !/^npm_|^INIT_CWD$/i.test(name));
  const child = spawn(program ?? '', programArgs, {
    cwd: projectFolder,
    env: { ...Object.fromEntries(outside), TMPDIR: temporaryFolder },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      output[name] += part;
    });
  }
  const closed = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  const ready = new Promise<EmulatorDescription>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (output.stdout.startsWith('{') && output.stdout.includes('\n')) resolve(JSON.parse(output.stdout));
    });
    void closed.then(() => reject(new Error(`It ended before it was ready: ${JSON.stringify(output)}`)));
  });
  ready.catch(() => undefined);
  const pid = async () => pidOf(await ready);
  return {
    child,
    ready,
    end: () => Promise.race([closed, tooLate(output)]),
    stdout: () => output.stdout,
    pid,
    async [Symbol.asyncDispose]() {
      // One that has ended has no such file any more, and one that is not ready is what was spawned or ends with it.
      const emulator = await Promise.race([pid().catch(() => undefined), sleep(1000, undefined)]);
      for (const each of [emulator, child.pid]) if (each !== undefined) endProcess(each);
      await closed;
    },
  };
}

async function tooLate(output: { readonly stdout: string; readonly stderr: string }): Promise<never> {
  await sleep(endMs, undefined, { ref: false });
  throw new Error(`It has not ended: ${JSON.stringify(output)}`);
}

const endMs = 30_000;
const entry = join(projectFolder, 'packages', 'server', 'src', 'emulator', 'main.ts');
const commands = {
  node: (words: readonly string[]) => [process.execPath, entry, ...words],
  npm: (words: readonly string[]) => ['npm', 'run', '-s', 'emulator', '--', ...words],
  shellNode: (words: readonly string[]) => [
    'sh',
    '-c',
    '"$@"; true',
    'sh',
    process.execPath,
    entry,
    ...words,
  ],
  // The second command keeps the shell alive: as the last one, some shells would become it.
  shell: (words: readonly string[]) => ['sh', '-c', 'npm run -s emulator -- "$@"; true', 'sh', ...words],
};

/** The operator's folder lies beside the authority's certificate. */
export const dataFolderOf = ({ caFile }: Pick<EmulatorDescription, 'caFile'>): string =>
  join(dirname(caFile), 'data');

async function pidOf(description: EmulatorDescription): Promise<number> {
  const holder = await readFile(join(dataFolderOf(description), 'holder.json'), 'utf8');
  return (JSON.parse(holder) as { pid: number }).pid;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error;
  }
}

/** The command lines of processes that name this folder; none where the system doesn't show them. */
export async function processesNaming(folder: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(folder)).map((line) => line.replaceAll('\0', ' '));
}
