/**
 * Main's side of a running server: it holds the data folder, the writer, the serving threads, the port and the
 * operator's socket, and serves no request itself.
 */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { type MainParts, openMain } from './compose.ts';
import { checkListen, servesTls } from './config/check-listen.ts';
import type { Config } from './config/load-config.ts';
import { openDeployment, openRootKey, type Sources } from './deployment.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { metricsText } from './observability/metrics.ts';
import { startControlServer } from './operator/control-server.ts';
import { operatorHandlers } from './operator/registry-operations.ts';
import { takeDataFolder } from './storage/data-folder-guard.ts';
import { SharedEpochs } from './storage/writer/shared-epochs.ts';
import { listen } from './threads/listener.ts';
import type { ServingThreadData } from './threads/serving-protocol.ts';
import { ServingThreads } from './threads/serving-threads.ts';
import { WriterSupervisor } from './threads/writer-supervisor.ts';
import { autoTlsNames } from './tls/auto-tls-names.ts';
import { ensureAutoTls } from './tls/ensure-auto-tls.ts';
import { readTlsFiles } from './tls/read-tls-files.ts';
import { hostsLines, trustLines } from './tls/trust-lines.ts';
import { version } from './version.ts';
import { welcomeText } from './welcome.ts';

export interface RunningServer {
  /** Where it listens, as a URL. */
  readonly address: string;
  /** Lets what runs end, writes what waits, and gives everything back. */
  stop(): Promise<void>;
}

const sources: Sources = {
  now: () => Date.now(),
  newId: () => randomBytes(16).toString('hex'),
  randomBytes: (length) => randomBytes(length),
};

/** Starts everything in the order in which it is needed; whatever fails, what was opened is closed again. */
export async function startServer(config: Config): Promise<RunningServer> {
  checkListen(config);
  const startedAt = new Date(sources.now()).toISOString();
  await using opened = new AsyncDisposableStack();
  const guard = takeDataFolder(config.dataFolder, { pid: process.pid, startedAt });
  opened.defer(() => guard.release());
  const log = createLogger({ level: config.logLevel, thread: 'main' });
  const databaseFile = join(config.dataFolder, 'cerulean.db');
  const ring = await openRootKey(config, databaseFile);
  const tls = await openTls(config);
  const epochs = new SharedEpochs();
  const writer = await WriterSupervisor.start({ databaseFile, epochs: epochs.buffer }, dieWithoutWriter);
  opened.defer(() => writer.close());
  const main = await openMain({ config, databaseFile, writer: writer.connect(), ring, epochs, sources });
  opened.defer(() => main.close());
  const first = await openDeployment({ config, ring, reader: main.reader, bus: main.bus }, sources);
  const status = { port: config.port };
  const { threads, server } = await openServing({
    config,
    log,
    main,
    status,
    startedAt,
    data: servingData({ config, databaseFile, epochs, writer, tls }),
  });
  opened.defer(() => threads.drain(config.drainSeconds * 1000));
  if (server !== undefined) opened.defer(() => void server.close());
  const address = `${servesTls(config) ? 'https' : 'http'}://${hostInUrl(config.host)}:${status.port}`;
  guard.announce(address);
  const control = await startControlServer({
    dataFolder: config.dataFolder,
    handlers: operatorHandlers({
      ...main,
      ring,
      sources,
      domain: config.domain,
      defaultRegistry: config.registry,
      status: () => statusOf({ config, main, address, startedAt }),
    }),
    log,
  });
  opened.use(control);
  const jobs = new JobRunner({
    bus: main.bus,
    handlers: main.jobHandlers,
    log,
    newId: sources.newId,
    now: sources.now,
  });
  opened.use(jobs);
  jobs.start();
  process.stdout.write(
    welcomeText({
      config,
      address,
      registryHost: `${hostInUrl(config.host)}:${status.port}`,
      first,
      isTerminal: process.stdout.isTTY === true,
      tlsLines: tls?.caFile === undefined ? [] : tlsLines(config, tls.caFile, status.port),
    }),
  );
  const running = opened.move();
  return { address, stop: () => running.disposeAsync() };
}

/** Without its writer a server could only tell clients to wait; a fresh start recovers what is on the disk. */
function dieWithoutWriter(why: string): void {
  process.stderr.write(
    `cerulean: the writer has ended (${why}); ending, since nothing could be written any more\n`,
  );
  process.exit(1);
}

interface Tls {
  readonly cert: string;
  readonly key: string;
  /** The own authority's certificate, where there is one. */
  readonly caFile: string | undefined;
}

async function openTls(config: Config): Promise<Tls | undefined> {
  const now = new Date(sources.now());
  if (config.tls === 'auto') {
    const made = await ensureAutoTls({
      folder: join(config.dataFolder, 'tls'),
      names: autoTlsNames(config),
      now,
    });
    return { cert: made.certPem, key: made.keyPem, caFile: made.caFile };
  }
  if (config.tlsCertFile === undefined || config.tlsKeyFile === undefined) return undefined;
  const read = await readTlsFiles({ certFile: config.tlsCertFile, keyFile: config.tlsKeyFile, now });
  return { cert: read.certPem, key: read.keyPem, caFile: undefined };
}

function tlsLines(config: Config, caFile: string, port: number): string[] {
  const loginServer = `${config.registry}.${config.domain}`;
  return [
    ...trustLines({ caFile, loginServer, port }),
    ...hostsLines({ address: config.host, loginServers: [loginServer] }),
  ];
}

interface ServingSetting {
  readonly config: Config;
  readonly databaseFile: string;
  readonly epochs: SharedEpochs;
  readonly writer: WriterSupervisor;
  readonly tls: Tls | undefined;
}

/** Windows can't hand a socket to a thread, so its one serving thread listens itself. */
const threadListens = process.platform === 'win32';

function servingData({
  config,
  databaseFile,
  epochs,
  writer,
  tls,
}: ServingSetting): (name: string) => ServingThreadData {
  const { adminPassword: _kept, ...servingConfig } = config;
  return (name) => ({
    name,
    config: servingConfig,
    databaseFile,
    epochs: epochs.buffer,
    writer: writer.connect(),
    tls: tls === undefined ? undefined : { cert: tls.cert, key: tls.key },
    boundAddresses: [config.host],
    listen: threadListens ? { host: config.host, port: config.port } : undefined,
  });
}

async function openServing(options: {
  readonly config: Config;
  readonly log: Logger;
  readonly main: MainParts;
  readonly status: { port: number };
  readonly startedAt: string;
  readonly data: (name: string) => ServingThreadData;
}): Promise<{ threads: ServingThreads; server: Server | undefined }> {
  const { config, log, main, status, data } = options;
  const started = await ServingThreads.start({
    count: config.workers,
    data,
    log,
    metricsText: async (snapshots) =>
      metricsText(snapshots, {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
        freeBytes: await main.freeBytes(),
        servingThreads: started.threads.running,
        startedAtSeconds: Date.parse(options.startedAt) / 1000,
      }),
  });
  const { threads } = started;
  if (started.port !== undefined) {
    status.port = started.port;
    return { threads, server: undefined };
  }
  try {
    const { server, port } = await listen(config, (socket) => threads.handOver(socket));
    status.port = port;
    return { threads, server };
  } catch (error) {
    await threads.drain(0);
    throw error;
  }
}

async function statusOf(options: {
  readonly config: Config;
  readonly main: MainParts;
  readonly address: string;
  readonly startedAt: string;
}) {
  const { config, main, address, startedAt } = options;
  return {
    version,
    pid: process.pid,
    startedAt,
    address,
    dataFolder: config.dataFolder,
    encryption: config.encryption,
    registries: (await main.reader.listRegistries()).length,
    workers: config.workers,
    diskFreeBytes: await main.freeBytes(),
    uploadsUnfinished: await main.reader.countOpenUploads(),
  };
}

/** IPv6 addresses stand in brackets in URLs. */
const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
