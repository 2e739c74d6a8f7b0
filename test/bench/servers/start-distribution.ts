import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startProcess } from '../../tools/background-process.ts';
import { toolFile } from '../../tools/tool-location.ts';
import type { BenchServer, ServerSetting } from './bench-server.ts';
import { endWithBench } from './end-with-bench.ts';
import { waitUntilListening } from './wait-until-listening.ts';

const startTimeoutMs = 30_000;
const configurationFile = join(import.meta.dirname, 'distribution.yaml');

/**
 * Read in its file-system driver of v3.1.2 (registry/storage/driver/filesystem/driver.go): Commit and Close sync the
 * file, PutContent syncs the folder too, Move, which puts a blob in its place, does not.
 */
export const distributionDurability =
  'fsync of every file when it is written, and of the folder for small files; a blob is renamed into place without one';

/** Starts distribution v3 with `distribution.yaml` on a new folder. */
export async function startDistribution(setting: ServerSetting): Promise<BenchServer> {
  const { folder, port, tls } = setting;
  const dataFolder = join(folder, 'registry');
  await mkdir(dataFolder, { recursive: true });
  const server = startProcess(toolFile('distribution'), ['serve', configurationFile], {
    env: {
      PATH: process.env['PATH'] ?? '',
      OTEL_TRACES_EXPORTER: 'none',
      REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: dataFolder,
      ...(tls && { REGISTRY_HTTP_TLS_CERTIFICATE: tls.certFile, REGISTRY_HTTP_TLS_KEY: tls.keyFile }),
    },
    logFile: join(folder, 'distribution.log'),
  });
  const ended = endWithBench(server.pid);
  const startedInMs = await waitUntilListening(server, { port, timeoutMs: startTimeoutMs });
  return {
    kind: setting.kind,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    user: '',
    password: '',
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
