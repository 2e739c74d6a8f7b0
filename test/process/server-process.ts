import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { dirname, join } from 'node:path';

/** The project whose source is run, unless a test brings a copy of its own. */
export const projectFolder = dirname(dirname(import.meta.dirname));

export interface StartOptions {
  readonly data: string;
  readonly args?: readonly string[];
  /** Options of Node itself, before the entry. */
  readonly nodeArgs?: readonly string[];
  readonly project?: string;
  /** The admin's first password; null leaves it to the server. */
  readonly password?: string | null;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server that runs as a process of its own. Disposing of it kills it, which leaves no test waiting. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly data: string;
  readonly project: string;
  /** `http://127.0.0.1:PORT` or `https://…` */
  readonly url: string;
  readonly port: number;
  /** The admin's password, where the test gave one. */
  readonly password: string;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** What was logged so far, line by line. */
  log(): Record<string, unknown>[];
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

const startMs = 60_000;

/** Starts a server on a free port of loopback and resolves when it says where it listens. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  const password = options.password ?? randomBytes(18).toString('base64url');
  const running = spawnServer(options, options.password === null ? undefined : password);
  const url = await running.listening().catch((error: unknown) => {
    running.child.kill('SIGKILL');
    throw error;
  });
  const { child, ended, stdout, stderr } = running;
  return {
    pid: child.pid ?? -1,
    data: options.data,
    project: options.project ?? projectFolder,
    url,
    port: Number(new URL(url).port),
    password,
    ended,
    stdout,
    stderr,
    log: () => logLines(stdout()),
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Starts a server that shall refuse to start, and returns what it said. Throws when it listens after all. */
export async function startInVain(options: StartOptions): Promise<Ended> {
  const running = spawnServer(options, options.password ?? randomBytes(18).toString('base64url'));
  const first = await Promise.race([running.ended, running.listening().catch(() => running.ended)]);
  if (typeof first !== 'string') return first;
  running.child.kill('SIGKILL');
  await running.ended;
  throw new Error(`The server listens on ${first} although it should have refused to start.`);
}

/** The environment without settings of Cerulean's own: what the test gives decides. */
export function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^CERULEAN_|^NODE_OPTIONS$/.test(name));
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])),
    NODE_COMPILE_CACHE: join(projectFolder, 'node_modules', '.cache', 'compile'),
  };
}

/** Node's arguments that start the server. */
export function serverArguments(options: StartOptions): string[] {
  const entry = join(options.project ?? projectFolder, 'packages', 'server', 'src', 'main.ts');
  const given = options.args ?? [];
  const port = given.includes('--port') ? [] : ['--port', '0'];
  const workers = given.includes('--workers') ? [] : ['--workers', '1'];
  return [...(options.nodeArgs ?? []), entry, ...port, ...workers, '--data', options.data, ...given];
}

interface Spawned {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Where it listens; rejects when it ends before, or takes too long. */
  listening(): Promise<string>;
}

const children = new Set<ChildProcessWithoutNullStreams>();
// A test that failed between a start and its end must leave no server behind.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function spawnServer(options: StartOptions, password: string | undefined): Spawned {
  const child = spawn(process.execPath, serverArguments(options), {
    cwd: options.project ?? projectFolder,
    env: { ...cleanEnvironment(), ...(password === undefined ? {} : { CERULEAN_ADMIN_PASSWORD: password }) },
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  child.stdin.end();
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      output[name] += part;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...output,
  }));
  return {
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    async listening() {
      const give = new AbortController();
      const found = new Promise<string>((resolve, reject) => {
        const look = (): void => {
          const url = /^Cerulean listens on (\S+)\n[\s\S]*^ {2}docs /m.exec(output.stdout)?.[1];
          if (url !== undefined) resolve(url);
        };
        child.stdout.on('data', look);
        const late = setTimeout(() => reject(new Error(`It does not listen:\n${shown(output)}`)), startMs);
        give.signal.addEventListener('abort', () => {
          clearTimeout(late);
          child.stdout.off('data', look);
        });
        child.once('close', () => reject(new Error(`It ended before it listened:\n${shown(output)}`)));
      });
      return found.finally(() => give.abort());
    },
  };
}

const shown = ({ stdout, stderr }: { stdout: string; stderr: string }): string => `${stdout}\n${stderr}`;

function logLines(output: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
