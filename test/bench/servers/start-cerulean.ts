import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startProcess } from '../../tools/background-process.ts';
import type { BenchServer, ServerKind, ServerSetting } from './bench-server.ts';
import { endWithBench } from './end-with-bench.ts';
import { waitUntilListening } from './wait-until-listening.ts';

export const ceruleanDurability =
  'fdatasync of every object and fsync of its folder before the row; SQLite with synchronous=FULL, one sync a commit';

const projectFolder = join(import.meta.dirname, '..', '..', '..');
const startTimeoutMs = 60_000;
const smallestCache = ['--cache-memory', '16MiB'];

const flagsOfKind: Partial<Record<ServerKind, readonly string[]>> = {
  'cerulean-none': ['--encryption', 'none'],
  'cerulean-cold': smallestCache,
  'cerulean-none-cold': ['--encryption', 'none', ...smallestCache],
};

/** Starts Cerulean as `npm start` does, with its defaults but for what the kind of server names. */
export async function startCerulean(setting: ServerSetting): Promise<BenchServer> {
  const { kind, folder, port, tls, profileFolder } = setting;
  const dataFolder = join(folder, 'data');
  await mkdir(dataFolder, { recursive: true });
  const password = setting.password ?? randomBytes(24).toString('base64url');
  const flags = ['--port', String(port), '--data', dataFolder, ...(flagsOfKind[kind] ?? [])];
  if (tls !== undefined) flags.push('--tls-cert', tls.certFile, '--tls-key', tls.keyFile);
  const nodeFlags = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const server = startProcess(
    process.execPath,
    [...nodeFlags, join('bin', 'run.mjs'), 'packages/server/src/main.ts', ...flags],
    {
      cwd: projectFolder,
      env: { ...environmentWithoutSettings(), CERULEAN_ADMIN_PASSWORD: password },
      logFile: join(folder, 'cerulean.log'),
    },
  );
  const ended = endWithBench(server.pid);
  const startedInMs = await waitUntilListening(server, { port, timeoutMs: startTimeoutMs });
  return {
    kind,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    user: 'cerulean',
    password,
    caFile: tls?.caFile,
    pid: server.pid,
    startedInMs,
    logTail: () => server.logTail(),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      ended();
    },
  };
}

/** Settings of whoever runs the benchmark must not decide what is measured; nor must npm's variables stop the server. */
function environmentWithoutSettings(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(CERULEAN_|npm_)/.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
}
