import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnvironment, type Ended, projectFolder, serverArguments } from '../process/server-process.ts';

export interface Launch {
  readonly data: string;
  /** A copy of the source with a planted bug; the project itself when left out. */
  readonly project?: string | undefined;
  readonly workers?: number;
  /** Added to a clean environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A server that may not live to listen: its process is known from its first moment. */
export interface LaunchedServer extends AsyncDisposable {
  readonly pid: number;
  readonly data: string;
  /** Where it listens; rejects with what it said when it ends before. */
  readonly listening: Promise<string>;
  readonly ended: Promise<Ended>;
  /** Has it said that it listens? */
  hasListened(): boolean;
  /** Kills it without a warning, and waits until the system has taken it away. */
  kill(): Promise<Ended>;
  stop(): Promise<Ended>;
}

/** The admin's first password at every first start of these tests. */
export const firstPassword = 'the first password of the fault tests';

/** Small loop file systems have less room than the default reserve. */
const settings = ['--log-level', 'warn', '--reserve-space', '16MiB'];

export function launchServer(launch: Launch): LaunchedServer {
  const { data, project = projectFolder, workers = 1, environment = {} } = launch;
  const args = ['--workers', String(workers), ...settings];
  const child = spawn(process.execPath, serverArguments({ data, project, args }), {
    cwd: project,
    env: { ...cleanEnvironment(), CERULEAN_ADMIN_PASSWORD: firstPassword, ...environment },
  });
  child.stdin.end();
  const output = { stdout: '', stderr: '' };
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    output.stderr += part;
  });
  const listens = Promise.withResolvers<string>();
  let hasListened = false;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output.stdout += part;
    const url = /^Cerulean listens on (\S+)\n/m.exec(output.stdout)?.[1];
    if (url === undefined) return;
    hasListened = true;
    listens.resolve(url);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    ...output,
  }));
  const failed = ended.then(({ code, signal, stdout, stderr }) => {
    throw new Error(`The server ended (${signal ?? code}) before it listened:\n${stdout}${stderr}`);
  });
  const listening = Promise.race([listens.promise, failed]);
  // Whoever kills it during its start does not wait for it to listen.
  listening.catch(() => undefined);
  const end = (signal: NodeJS.Signals) => (): Promise<Ended> => {
    child.kill(signal);
    return ended;
  };
  const kill = end('SIGKILL');
  return {
    pid: child.pid ?? -1,
    data,
    listening,
    ended,
    hasListened: () => hasListened,
    kill,
    stop: end('SIGTERM'),
    [Symbol.asyncDispose]: async () => void (await kill()),
  };
}
