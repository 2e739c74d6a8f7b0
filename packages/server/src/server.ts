/**
 * Main's side of a running server: it holds the data folder, the writer, the serving threads, the port and the
 * operator's socket, and serves no request itself.
 */
import { type MainParts, openMain } from './compose.ts';
import { boundAddresses, reachableHost } from './config/bound-addresses.ts';
import { checkListen, servesTls } from './config/check-listen.ts';
import type { Config } from './config/load-config.ts';
import { parseListenAddress } from './config/network-names.ts';
import { openDeployment } from './deployment.ts';
import { openDirectory } from './deployment-directory.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { createLogger, type Logger, logFormatOf } from './observability/logger.ts';
import { metricsText } from './observability/metrics.ts';
import { startControlServer } from './operator/control-server.ts';
import type { OperatorHandlers } from './operator/operator-handlers.ts';
import { operatorHandlers } from './operator/registry-operations.ts';
import { processSources } from './process-sources.ts';
import { listen } from './threads/listener.ts';
import type { ServingConfig } from './threads/serving-protocol.ts';
import { ServingThreads } from './threads/serving-threads.ts';
import { type Certificate, keepCertificate, openTls, trustText } from './tls/server-certificate.ts';
import { version } from './version.ts';
import { welcomeText } from './welcome.ts';

export interface RunningServer {
  /** Where it listens, as a URL. */
  readonly address: string;
  /** What the operator's command can ask for, without the socket. */
  readonly operate: OperatorHandlers;
  /** Lets what runs end, writes what waits, and gives everything back. */
  stop(): Promise<void>;
}

/** Where a server speaks to whoever started it. */
export interface Voice {
  /** The log: 1 is standard output, 2 standard error. */
  readonly logDescriptor: 1 | 2;
  /** True if a person reads: the log is text then, and the welcome shows secrets. */
  readonly isTerminal: boolean;
  readonly welcome: (text: string) => void;
}

const sources = processSources();

const standardOutput = (): Voice => ({
  logDescriptor: 1,
  isTerminal: process.stdout.isTTY === true,
  welcome: (text) => void process.stdout.write(text),
});

/** Starts everything in the order in which it is needed; whatever fails, what was opened is closed again. */
export async function startServer(config: Config, voice: Voice = standardOutput()): Promise<RunningServer> {
  checkListen(config);
  const startedAt = new Date(sources.now()).toISOString();
  await using opened = new AsyncDisposableStack();
  const { isTerminal, logDescriptor } = voice;
  const logFormat = logFormatOf(config.logFormat, isTerminal);
  const log = createLogger({
    level: config.logLevel,
    thread: 'main',
    format: logFormat,
    descriptor: logDescriptor,
  });
  opened.defer(() => log.flush());
  const main = opened.use(await openMain({ config, startedAt, sources, writerDied: dieWithoutWriter }));
  const first = await openDeployment({ config, ...main }, sources);
  await openDirectory(main, sources);
  const certificate = await openTls(config, sources);
  const { threads, port } = await openServing({
    config,
    log,
    logging: { logFormat, logDescriptor },
    main,
    startedAt,
    certificate,
    opened,
  });
  opened.use(
    keepCertificate({ config, certificate, sources, log }, (renewed) => threads.useCertificate(renewed)),
  );
  const address = `${servesTls(config) ? 'https' : 'http'}://${hostInUrl(config.host)}:${port}`;
  main.announce(address);
  const handlers = operatorHandlers({
    ...main,
    sources,
    domain: config.domain,
    defaultRegistry: config.registry,
    status: () => statusOf({ config, main, address, startedAt }),
  });
  opened.use(await startControlServer({ dataFolder: config.dataFolder, handlers, log }));
  const jobs = opened.use(new JobRunner({ bus: main.bus, handlers: main.jobHandlers, log, ...sources }));
  jobs.start();
  voice.welcome(
    welcomeText({
      config,
      address,
      registryHost: `${hostInUrl(reachableHost(config.host))}:${port}`,
      first,
      isTerminal,
      tlsLines: certificate?.caFile === undefined ? [] : trustText(config, certificate.caFile, port),
    }),
  );
  const running = opened.move();
  return { address, operate: handlers, stop: () => running.disposeAsync() };
}

/** Without its writer a server could only tell clients to wait; a fresh start recovers what is on the disk. */
function dieWithoutWriter(why: string): void {
  process.stderr.write(
    `cerulean: the writer has ended (${why}); ending, since nothing could be written any more\n`,
  );
  process.exit(1);
}

/** Windows can't hand a socket to a thread, so its one serving thread listens itself. */
const threadListens = process.platform === 'win32';

/** Starts the serving threads and takes the port. Both are given to `opened`, which closes the port first. */
async function openServing(parts: {
  readonly config: Config;
  readonly log: Logger;
  readonly logging: Pick<ServingConfig, 'logFormat' | 'logDescriptor'>;
  readonly main: MainParts;
  readonly startedAt: string;
  readonly certificate: Certificate | undefined;
  readonly opened: AsyncDisposableStack;
}): Promise<{ threads: ServingThreads; port: number }> {
  const { config, log, logging, main, certificate, opened } = parts;
  const { adminPassword: _onlyMains, ...servingConfig } = config;
  const metadata = parseListenAddress(config.metadataListen ?? '');
  const started = await ServingThreads.start({
    count: config.workers,
    log,
    data: (name, number) => ({
      name,
      config: { ...servingConfig, ...logging },
      databaseFile: main.databaseFile,
      epochs: main.epochs,
      counters: main.counters,
      contentCache: { memory: main.contentCache.buffer, thread: number },
      writer: main.connectWriter(),
      tls: certificate,
      boundAddresses: [config.host, ...(metadata === undefined ? [] : [metadata.host])].flatMap(
        boundAddresses,
      ),
      listen: threadListens ? { host: config.host, port: config.port } : undefined,
      listenForMetadata: threadListens ? metadata : undefined,
    }),
    takeBackFrom: (number) => main.contentCache.forgetThread(number),
    metricsText: async (snapshots) =>
      metricsText(snapshots, {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
        freeBytes: await main.freeBytes(),
        servingThreads: started.threads.running,
        contentCache: main.contentCache.figures(),
        startedAtSeconds: Date.parse(parts.startedAt) / 1000,
      }),
  });
  const { threads } = started;
  opened.defer(() => threads.drain(config.drainSeconds * 1000));
  if (started.port !== undefined) return { threads, port: started.port };
  if (metadata !== undefined) {
    const flag = '--metadata-listen ADDRESS:PORT';
    const door = await listen(metadata, (socket) => threads.handOver(socket, 'metadata'), flag);
    opened.defer(() => void door.server.close());
    const address = `http://${hostInUrl(metadata.host)}:${door.port}`;
    log.info({ address }, 'managed identities get tokens here');
  }
  const { server, port } = await listen(config, (socket) => threads.handOver(socket));
  opened.defer(() => void server.close());
  return { threads, port };
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
