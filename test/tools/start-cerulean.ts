import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from './background-process.ts';
import { freeLoopbackPort } from './free-loopback-port.ts';
import { runCommand } from './run-command.ts';

export interface RunningCerulean extends AsyncDisposable {
  /** host:port as clients write it in front of a repository. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly dataFolder: string;
  /** Runs the operator's command against this server and returns what it printed. */
  operate(...args: string[]): Promise<string>;
  logTail(): string;
}

export const projectFolder = join(import.meta.dirname, '..', '..');

const startTimeoutMs = 60_000;
const user = 'cerulean';

/** Starts a server with a fresh data folder on a free loopback port and waits until it is ready. */
export async function startCerulean(...extraArgs: string[]): Promise<RunningCerulean> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-test-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const dataFolder = join(folder, 'data');
  await mkdir(dataFolder);
  const password = randomBytes(24).toString('base64url');
  const port = await freeLoopbackPort();
  const main = 'packages/server/src/main.ts';
  const args = [main, '--port', String(port), '--data', dataFolder, ...extraArgs];
  const server = undo.use(
    startProcess(process.execPath, args, {
      cwd: projectFolder,
      env: { ...environment(), CERULEAN_ADMIN_PASSWORD: password },
      logFile: join(folder, 'server.log'),
    }),
  );
  const host = `127.0.0.1:${port}`;
  await server.waitUntil(() => answersReady(host), startTimeoutMs);
  const owned = undo.move();
  return {
    host,
    user,
    password,
    dataFolder,
    async operate(...commandArgs) {
      const commandLine = ['packages/cli/src/main.ts', '--data', dataFolder, ...commandArgs];
      return (await runCommand(process.execPath, commandLine, { cwd: projectFolder })).stdout;
    },
    logTail: () => server.logTail(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The environment without any setting of Cerulean's own: the test's flags decide. */
function environment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('CERULEAN_'));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}

async function answersReady(host: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch (error) {
    // Nobody listens yet, or the answer is too slow: the caller asks again.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))
      return false;
    throw error;
  }
}
