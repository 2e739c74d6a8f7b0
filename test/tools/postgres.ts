/**
 * PostgreSQL 15 from Debian's package on a temporary folder and a free loopback port.
 * As a program: `node bin/run.mjs test/tools/postgres.ts COMMAND [ARG…]` runs the command with
 * CERULEAN_TEST_POSTGRES set to the server's URL, then stops the server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackgroundProcess, startProcess } from './background-process.ts';
import { freeLoopbackPort } from './free-loopback-port.ts';
import { runCommand, tryCommand } from './run-command.ts';

export interface TestPostgres extends AsyncDisposable {
  /** A postgres:// URL with the superuser of an empty database. */
  readonly url: string;
}

const programs = '/usr/lib/postgresql/15/bin';
const attempts = 5;

/** Starts a server; disposing of it stops the server and removes its folder. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-postgres-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const asUser = await unprivileged(folder);
  const data = join(folder, 'data');
  // An ICU collation, for names must come back in byte order whatever the database's own order is.
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  const initdb = [`${programs}/initdb`, '--auth=trust', '--username=cerulean', ...locale, data];
  await runCommand(...asUser(initdb), { cwd: folder });
  const { server, port } = await startOnFreePort(folder, (freePort) =>
    asUser([`${programs}/postgres`, '-D', data, '-p', String(freePort), ...settings(folder)]),
  );
  undo.use(server);
  const owned = undo.move();
  return {
    url: `postgres://cerulean@127.0.0.1:${port}/postgres`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type CommandLine = [command: string, args: string[]];

/** PostgreSQL refuses to run as root: root runs it as Debian's user postgres, who then owns the folder. */
async function unprivileged(folder: string): Promise<(line: readonly string[]) => CommandLine> {
  if (process.getuid?.() !== 0) return ([command = '', ...args]) => [command, args];
  const id = async (flag: string): Promise<number> =>
    Number((await runCommand('id', [flag, 'postgres'])).stdout.trim());
  await chown(folder, await id('-u'), await id('-g'));
  // setpriv replaces itself, so a signal reaches the server and not a wrapper.
  const switchUser = ['--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
  return (line) => ['setpriv', [...switchUser, ...line]];
}

function settings(folder: string): string[] {
  // Durability is not what these tests look at, and it costs a shared disk most of their time.
  const values = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off'];
  return values.flatMap((value) => ['-c', value]);
}

async function startOnFreePort(
  folder: string,
  commandLine: (port: number) => CommandLine,
): Promise<{ server: BackgroundProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freeLoopbackPort();
    // SIGTERM waits for clients to leave: a test that forgot a connection must not hold the run up.
    const options = { cwd: folder, logFile: join(folder, 'postgres.log'), stopTimeoutMs: 5_000 };
    const server = startProcess(...commandLine(port), options);
    const answers = async (): Promise<boolean> =>
      (await tryCommand(`${programs}/pg_isready`, ['-q', '-h', '127.0.0.1', '-p', String(port)])).code === 0;
    try {
      await server.waitUntil(answers, 60_000);
      return { server, port };
    } catch (error) {
      await server[Symbol.asyncDispose]();
      // Somebody else may have taken the port between the look and the start.
      if (attempt === attempts) throw error;
    }
  }
}

if (import.meta.main) {
  await using postgres = await startPostgres();
  const [command = 'env', ...args] = process.argv.slice(2);
  const env = { ...process.env, CERULEAN_TEST_POSTGRES: postgres.url };
  const child = spawn(command, args, { stdio: 'inherit', env });
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 1;
}
