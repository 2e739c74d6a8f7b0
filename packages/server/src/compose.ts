/** The only file that knows the concrete classes: it puts them together for main and for each serving thread. */

import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { ConfigError } from './config/config-error.ts';
import type { Config } from './config/load-config.ts';
import { openRootKey } from './deployment.ts';
import { createAcrRoutes } from './http/acr-v1/acr-routes.ts';
import { createAdmit, createAdmitMetadataHost, createAdmitOperatorAddress } from './http/admit.ts';
import { ConnectionLogins } from './http/connection-logins.ts';
import { createDirectoryRoutes } from './http/directory/directory-routes.ts';
import { createMetadataRoutes } from './http/metadata/metadata-routes.ts';
import { createOauth2Routes } from './http/oauth2/oauth2-routes.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { createAddressList } from './http/trusted-proxies.ts';
import { createIdentity } from './identity/create-identity.ts';
import { newIssuerKey, newSigningKey } from './identity/new-system-keys.ts';
import { planSigningKeys } from './identity/plan-signing-keys.ts';
import { createSystemKeys, type SystemKeys, systemKeyPurposes } from './identity/system-keys.ts';
import { expireSignIns } from './jobs/expire-sign-ins.ts';
import { expireUploads } from './jobs/expire-uploads.ts';
import type { JobHandlers } from './jobs/job-kinds.ts';
import { jobContext } from './jobs/job-runner.ts';
import { rotateSigningKey } from './jobs/rotate-signing-key.ts';
import { limits } from './limits.ts';
import type { Logger } from './observability/logger.ts';
import type { RequestObserver } from './observability/metrics.ts';
import { createFetchJson } from './outbound/fetch-json.ts';
import type { Sources } from './process-sources.ts';
import { createCallLimiter } from './rates/call-limiter.ts';
import { SharedBuckets } from './rates/shared-buckets.ts';
import type { CommandBus } from './registry/commands.ts';
import { createLiveHashes } from './registry/live-hashes.ts';
import { createManifestCache } from './registry/manifest-cache.ts';
import type { MetadataReader } from './registry/metadata-reader.ts';
import { createParsedManifests } from './registry/parsed-manifests.ts';
import { PullCounter } from './registry/pull-counter.ts';
import type { RegistryKeys } from './registry/registry-keys.ts';
import type { RegistryPorts } from './registry/registry-ports.ts';
import { reservingBus } from './registry/reserving-bus.ts';
import type { UploadMac } from './registry/upload-token.ts';
import type { KeyRing } from './sealing/key-ring.ts';
import { registryManifestSealer } from './sealing/registry-manifest-sealer.ts';
import { unsealedRegistryKeys } from './sealing/unsealed-registry-keys.ts';
import { allocateCounters, type SharedCounters } from './shared-counters.ts';
import { FilesystemObjects, prepareFilesystemObjects } from './storage/blobs/filesystem-objects.ts';
import { FreeSpaceGuard } from './storage/blobs/free-space-guard.ts';
import { storedBlobReader, storedBlobWriter } from './storage/blobs/stored-blobs.ts';
import { cachedContentReader } from './storage/cache/cached-content.ts';
import { ContentCache } from './storage/cache/content-cache.ts';
import { takeDataFolder } from './storage/data-folder-guard.ts';
import { sqlReader } from './storage/database/sql-reader.ts';
import { openSqliteReader } from './storage/database/sqlite-database.ts';
import { rememberingReader } from './storage/writer/remembering-reader.ts';
import { SharedEpochs } from './storage/writer/shared-epochs.ts';
import { WriterClient } from './storage/writer/writer-client.ts';
import type { ServingConfig } from './threads/serving-protocol.ts';
import { WriterSupervisor } from './threads/writer-supervisor.ts';

/** What main works with: the data folder, the writer, the operator's command, jobs, figures. */
export interface MainParts extends AsyncDisposable {
  readonly reader: MetadataReader;
  readonly bus: CommandBus;
  readonly keys: RegistryKeys;
  readonly systemKeys: SystemKeys;
  readonly ring: KeyRing;
  readonly jobHandlers: JobHandlers;
  readonly databaseFile: string;
  /** Shared by all threads. */
  readonly epochs: SharedArrayBuffer;
  readonly counters: SharedCounters;
  /** Main's own view of it; main is its thread 0, and serving threads are counted from 1. */
  readonly contentCache: ContentCache;
  /** A new way to the writer, for a serving thread. */
  connectWriter(): MessagePort;
  /** Tells whoever wants the data folder too where this server listens. */
  announce(address: string): void;
  freeBytes(): Promise<number>;
}

export interface MainOptions {
  readonly config: Config;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly sources: Sources;
  /** Called when the writer's thread ends unasked. */
  readonly writerDied: (why: string) => void;
}

/** Takes the data folder, then opens what lies in it: the key before the database that needs it. */
export async function openMain({ config, startedAt, sources, writerDied }: MainOptions): Promise<MainParts> {
  await using opened = new AsyncDisposableStack();
  const guard = takeDataFolder(config.dataFolder, { pid: process.pid, startedAt });
  opened.defer(() => guard.release());
  const databaseFile = join(config.dataFolder, 'cerulean.db');
  const ring = await openRootKey(config, databaseFile);
  const contentCache = new ContentCache(contentCacheMemory(config), 0);
  const objectsFolder = join(config.dataFolder, 'blobs');
  await prepareFilesystemObjects(objectsFolder);
  const objects = new FilesystemObjects(objectsFolder);
  const epochs = new SharedEpochs();
  const writer = await WriterSupervisor.start({ databaseFile, epochs: epochs.buffer }, writerDied);
  opened.defer(() => writer.close());
  const connection = openSqliteReader(databaseFile);
  opened.defer(() => connection.close());
  const reader = sqlReader(connection);
  const bus = new WriterClient(writer.connect());
  opened.defer(() => bus.close());
  const running = opened.move();
  return {
    reader,
    bus,
    ring,
    databaseFile,
    epochs: epochs.buffer,
    counters: allocateCounters(config, sources),
    contentCache,
    keys: unsealedRegistryKeys(reader, ring),
    systemKeys: createSystemKeys({
      reader,
      sealing: { ring, acceptClear: false },
      epoch: epochs,
      clock: sources.now,
    }),
    jobHandlers: jobHandlers({ bus, objects, reader, ring, sources }),
    connectWriter: () => writer.connect(),
    announce: (address) => guard.announce(address),
    freeBytes: async () => (await objects.freeSpace()).freeBytes,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** @throws ConfigError when the machine can't give it */
function contentCacheMemory(config: Pick<Config, 'cacheMemoryBytes' | 'workers'>): SharedArrayBuffer {
  try {
    return ContentCache.allocate({ memoryBytes: config.cacheMemoryBytes, threads: config.workers + 1 });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(
      `This machine can't give ${config.cacheMemoryBytes} bytes to the content cache: choose less with --cache-memory.`,
    );
  }
}

function jobHandlers(parts: {
  readonly bus: CommandBus;
  readonly objects: FilesystemObjects;
  readonly reader: MetadataReader;
  readonly ring: KeyRing;
  readonly sources: Sources;
}): JobHandlers {
  const { bus, objects, reader, ring, sources } = parts;
  const context = () => jobContext(sources.newId, sources.now);
  return {
    expireUploads: (_payload, signal) => expireUploads({ bus, objects, context }, signal),
    expireSignIns: (_payload, signal) => expireSignIns({ bus, context }, signal),
    rotateSigningKey: async () => {
      const rotate = (purpose: number, newKey: typeof newSigningKey) =>
        rotateSigningKey({
          bus,
          context,
          signingKeys: () => reader.listSystemKeys(purpose),
          plan: (rows) => planSigningKeys(rows, sources.now()),
          newKey: (version) => newKey(ring, version),
          purpose,
        });
      await rotate(systemKeyPurposes.issuer, newIssuerKey);
      return rotate(systemKeyPurposes.signing, newSigningKey);
    },
  };
}

/** What a serving thread is made of, from outside. */
export interface ServingOptions {
  readonly config: ServingConfig;
  readonly databaseFile: string;
  readonly writer: MessagePort;
  readonly ring: KeyRing;
  readonly epochs: SharedEpochs;
  /** Without it the thread has a content cache of its own. */
  readonly contentCache?: { readonly memory: SharedArrayBuffer; readonly thread: number };
  /** Without them the thread counts for itself. */
  readonly counters?: SharedCounters;
  readonly sources: Sources;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly boundAddresses: readonly string[];
  readonly log: Logger;
  readonly observer: RequestObserver;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** A serving thread's HTTP server; disposing it closes its connections to everything. */
export interface Serving extends HttpServer {}

export async function openServing(options: ServingOptions): Promise<Serving> {
  const { config, sources, log } = options;
  await using opened = new AsyncDisposableStack();
  const connection = openSqliteReader(options.databaseFile);
  opened.defer(() => connection.close());
  const reader = rememberingReader(sqlReader(connection), options.epochs);
  const writer = new WriterClient(options.writer);
  opened.defer(() => writer.close());
  const identity = openIdentity({ ...options, reader, writer });
  const objects = new FilesystemObjects(join(config.dataFolder, 'blobs'));
  const freeSpace = opened.use(new FreeSpaceGuard(objects, config.reserveSpaceBytes));
  await freeSpace.refresh();
  const { memory, thread } = options.contentCache ?? { memory: contentCacheMemory(config), thread: 0 };
  const context = () => jobContext(sources.newId, sources.now);
  const pullCounter = opened.use(new PullCounter({ bus: writer, context, now: sources.now }));
  const ports = registryPorts({
    config,
    pullCounter,
    contentCache: new ContentCache(memory, thread),
    sources,
    reader,
    writer,
    systemKeys: identity.systemKeys,
    objects,
    freeSpace,
    ring: options.ring,
  });
  const http = await createHttpServer({
    doors: identity.doors,
    ports,
    ops: { ready: () => readiness(reader), metrics: options.metrics },
    surfaces: [
      createAcrRoutes(ports),
      createOauth2Routes(identity),
      createDirectoryRoutes({ ...identity, issuerKeys: identity.systemKeys.issuer, clock: sources.now }),
      createMetadataRoutes({ ...identity, encrypted: options.tls !== undefined, clock: sources.now }),
    ],
    log,
    observer: options.observer,
    tls: options.tls,
    newId: sources.newId,
    nowMs: () => performance.now(),
  });
  opened.use(http);
  const running = opened.move();
  return {
    server: http.server,
    metadataServer: http.metadataServer,
    drain: (withinMs) => http.drain(withinMs),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Ready is who can read the database; a server that drains answers 503 before it comes to this. */
async function readiness(reader: MetadataReader): Promise<{ ready: boolean; reason?: string }> {
  try {
    const deployment = await reader.deployment();
    return deployment === undefined
      ? { ready: false, reason: 'the database is not set up yet' }
      : { ready: true };
  } catch {
    return { ready: false, reason: 'the database can not be read' };
  }
}

function registryPorts(parts: {
  readonly config: ServingConfig;
  readonly sources: Sources;
  readonly reader: MetadataReader;
  readonly writer: CommandBus;
  readonly systemKeys: SystemKeys;
  readonly objects: FilesystemObjects;
  readonly freeSpace: FreeSpaceGuard;
  readonly contentCache: ContentCache;
  readonly pullCounter: PullCounter;
  readonly ring: KeyRing;
}): RegistryPorts {
  const { config, sources, reader, objects, freeSpace } = parts;
  const { encryption, readUnencrypted } = config;
  const keys = unsealedRegistryKeys(reader, parts.ring);
  const blobs = { objects, keys, encryption, readUnencrypted, freeSpace, newId: sources.newId };
  const blobReader = storedBlobReader(blobs);
  return {
    reader,
    bus: reservingBus(parts.writer, () => freeSpace.check()),
    blobWriter: storedBlobWriter(blobs),
    blobReader,
    contentReader: cachedContentReader({ reader: blobReader, cache: parts.contentCache }),
    manifestSealer: registryManifestSealer({ keys, encryption, readUnencrypted }),
    uploadMac: uploadMacOf(parts.systemKeys),
    liveHashes: createLiveHashes(limits.liveHashesMax),
    manifestCache: createManifestCache(limits.manifestCacheBytesMax),
    parsedManifests: createParsedManifests(limits.parsedManifestsMax),
    pullCounter: parts.pullCounter,
    newId: sources.newId,
    now: sources.now,
  };
}

const reuseText =
  'a refresh token was used twice, as a stolen one is: the sign-in that it belongs to is over';

const uploadMacOf = (systemKeys: SystemKeys): UploadMac => ({
  current: () => systemKeys.currentSecret('uploadToken'),
  byVersion: (version) => systemKeys.secret('uploadToken', version),
});

function openIdentity(
  options: Omit<ServingOptions, 'writer'> & { readonly reader: MetadataReader; readonly writer: CommandBus },
) {
  const { config, reader, epochs, ring, log } = options;
  const { now: clock, newId } = options.sources;
  const counters = options.counters ?? allocateCounters(config, options.sources);
  const identity = createIdentity({
    reader,
    commands: options.writer,
    sealing: { ring, acceptClear: false },
    epoch: epochs,
    clock,
    newId,
    loginMemory: counters.logins,
    onAdoptionFailure: (error) => log.warn({ err: error }, 'a verifier could not be renewed'),
    onRefreshReuse: (principal, { requestId, clientAddress }) =>
      log.warn({ principal, requestId, address: clientAddress }, reuseText),
    fetchJson: createFetchJson({
      bytesMax: limits.issuerDocumentBytesMax,
      timeoutMs: limits.issuerFetchTimeoutMs,
    }),
    onFetchFailure: (issuer, why) => log.warn({ issuer, why }, "an issuer's keys could not be fetched"),
    onRefusedToken: (refused) => log.warn(refused, 'a token of an outside issuer was refused'),
  });
  const trustedProxies = createAddressList(config.trustedProxies);
  const hosts = {
    domain: config.domain,
    defaultRegistry: config.registry,
    hostnames: config.hostnames,
    boundAddresses: options.boundAddresses,
    publicUrl: config.publicUrl,
    trustedProxies,
  };
  return {
    ...identity,
    hosts,
    doors: {
      admit: createAdmit({
        hosts,
        ...identity,
        logins: new ConnectionLogins(epochs, clock),
        limiter:
          counters.calls === undefined
            ? undefined
            : createCallLimiter(new SharedBuckets(counters.calls), clock),
      }),
      admitOperatorAddress: createAdmitOperatorAddress({
        operators: createAddressList(config.metricsFrom),
        trustedProxies,
      }),
      admitMetadataHost: createAdmitMetadataHost(hosts),
    },
  };
}
