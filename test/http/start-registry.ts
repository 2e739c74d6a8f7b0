import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServing, type Serving } from '@cerulean/server/compose.ts';
import { type Config, loadConfig } from '@cerulean/server/config/load-config.ts';
import { newRegistry } from '@cerulean/server/deployment.ts';
import { newSystemKeys } from '@cerulean/server/identity/new-system-keys.ts';
import { type SystemSecret, systemKeyPurposes } from '@cerulean/server/identity/system-keys.ts';
import { createLogger, type Logger } from '@cerulean/server/observability/logger.ts';
import {
  createThreadMetrics,
  metricsContentType,
  metricsText,
} from '@cerulean/server/observability/metrics.ts';
import type { CommandBus, CommandName, Commands } from '@cerulean/server/registry/commands.ts';
import type { MetadataReader } from '@cerulean/server/registry/metadata-reader.ts';
import type { RegistrySettings } from '@cerulean/server/registry/settings.ts';
import { openBox } from '@cerulean/server/sealing/box.ts';
import { systemKeyContext } from '@cerulean/server/sealing/box-context.ts';
import { keyFingerprint, keyRing } from '@cerulean/server/sealing/key-ring.ts';
import { allocateCounters, type SharedCounters } from '@cerulean/server/shared-counters.ts';
import { prepareFilesystemObjects } from '@cerulean/server/storage/blobs/filesystem-objects.ts';
import { sqlReader } from '@cerulean/server/storage/database/sql-reader.ts';
import { openSqliteReader } from '@cerulean/server/storage/database/sqlite-database.ts';
import { SharedEpochs } from '@cerulean/server/storage/writer/shared-epochs.ts';
import { WriterClient } from '@cerulean/server/storage/writer/writer-client.ts';
import { WriterSupervisor } from '@cerulean/server/threads/writer-supervisor.ts';

/** A registry that listens on loopback: the server's own composition, a real database, real files, a writer's thread. */
export interface StartedRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Of the default registry, `cerulean`, and of a second one, `another`. */
  readonly admin: Login;
  readonly other: Login;
  readonly dataFolder: string;
  readonly databaseFile: string;
  readonly reader: MetadataReader;
  /** Every line that was logged. */
  readonly log: readonly LoggedLine[];
  /** What the serving thread would share with others. */
  readonly counters: SharedCounters;
  /** How much the server's clock is ahead of the real one. */
  clockAheadMs: number;
  /** Serves again with a new memory: no running hash, no remembered token. */
  restart(drainMs?: number): Promise<void>;
  set(settings: Partial<RegistrySettings>): Promise<void>;
  /** Runs a write command, as the operator would have it run. */
  run<N extends CommandName>(name: N, input: Commands[N]['input']): Promise<unknown>;
  /** What secrets of this deployment are checked by. */
  readonly verifierSecret: Promise<SystemSecret>;
}

export interface Login {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

export interface LoggedLine extends Record<string, unknown> {
  readonly level: string;
  readonly msg: string;
}

export const newId = (): string => randomBytes(16).toString('hex');

const ring = keyRing([{ number: 1, key: randomBytes(32) }]);
// Making RSA keys takes long on a small machine: one set serves the tests of a file.
const systemKeys = newSystemKeys(ring);

export async function startRegistry(
  options: {
    readonly settings?: Partial<RegistrySettings>;
    readonly flags?: readonly string[];
    /** The server's clock; the real one, if there is none. */
    readonly clock?: () => number;
  } = {},
): Promise<StartedRegistry> {
  await using opened = new AsyncDisposableStack();
  const dataFolder = await mkdtemp(join(tmpdir(), 'cerulean-http-'));
  opened.defer(() => rm(dataFolder, { recursive: true }));
  const databaseFile = join(dataFolder, 'cerulean.db');
  const epochs = new SharedEpochs();
  const writer = await WriterSupervisor.start({ databaseFile, epochs: epochs.buffer }, failLoudly);
  opened.defer(() => writer.close());
  const bus = new WriterClient(writer.connect());
  opened.defer(() => bus.close());
  const logins = await makeDeployment(bus, options.settings ?? {});
  await prepareFilesystemObjects(join(dataFolder, 'blobs'));
  const connection = openSqliteReader(databaseFile);
  opened.defer(() => connection.close());
  const log: LoggedLine[] = [];
  const config = configOf(dataFolder, options.flags ?? []);
  const clock = options.clock ?? Date.now;
  const registry = {
    ...logins,
    counters: allocateCounters(config, { now: clock, newId, randomBytes: (length) => randomBytes(length) }),
    dataFolder,
    databaseFile,
    reader: sqlReader(connection),
    log,
    clockAheadMs: 0,
    verifierSecret: systemKeys.then(verifierSecretOf),
  };
  const now = (): number => clock() + registry.clockAheadMs;
  const { counters } = registry;
  const serve = (): Promise<Serving> =>
    serveRegistry({ config, databaseFile, epochs, writer, now, log, counters });
  let serving = await listenOn(await serve(), 0);
  opened.defer(() => serving[Symbol.asyncDispose]());
  const { port } = serving.server.address() as AddressInfo;
  const running = opened.move();
  return Object.assign(registry, {
    url: `http://127.0.0.1:${port}`,
    port,
    async restart(drainMs = 0) {
      await serving.drain(drainMs);
      await serving[Symbol.asyncDispose]();
      serving = await listenOn(await serve(), port);
    },
    async set(change: Partial<RegistrySettings>) {
      await execute(bus, 'setRegistry', { registry: logins.admin.id, change });
    },
    run: <N extends CommandName>(name: N, input: Commands[N]['input']) => execute(bus, name, input),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  });
}

interface Served {
  readonly config: Config;
  readonly databaseFile: string;
  readonly epochs: SharedEpochs;
  readonly writer: WriterSupervisor;
  readonly now: () => number;
  readonly log: LoggedLine[];
  readonly counters: SharedCounters;
}

function configOf(dataFolder: string, flags: readonly string[]): Config {
  const argv = ['--data', dataFolder, '--registry', 'cerulean', ...flags];
  return loadConfig({ argv, env: {}, cwd: dataFolder, cpus: 2, memoryBytes: 2 ** 30 });
}

async function serveRegistry(served: Served): Promise<Serving> {
  const { config, databaseFile, epochs, writer, now, log, counters } = served;
  const metrics = createThreadMetrics();
  const figures = { residentBytes: 1, cpuSeconds: 1, freeBytes: 1, servingThreads: 1, startedAtSeconds: 1 };
  return openServing({
    config: { ...config, logFormat: 'json', logDescriptor: 1 },
    databaseFile,
    epochs,
    writer: writer.connect(),
    ring,
    counters,
    sources: { now, newId, randomBytes: (length) => randomBytes(length) },
    tls: undefined,
    boundAddresses: ['127.0.0.1'],
    log: keepingLogger(log),
    observer: metrics,
    metrics: async () => ({
      contentType: metricsContentType,
      text: await metricsText([await metrics.snapshot()], figures),
    }),
  });
}

async function listenOn(serving: Serving, port: number): Promise<Serving> {
  await new Promise<void>((resolve) => serving.server.listen(port, '127.0.0.1', resolve));
  return serving;
}

/** A logger whose lines are kept instead of printed. */
function keepingLogger(lines: LoggedLine[]): Logger {
  const logger = createLogger({ level: 'silent', thread: 'test', format: 'json' });
  const keep =
    (level: string) =>
    (facts: Record<string, unknown>, msg: string): void =>
      void lines.push({ ...facts, level, msg });
  return Object.assign(Object.create(logger) as Logger, {
    info: keep('info'),
    request: (line: object) => keep('info')({ ...line }, 'request'),
    warn: keep('warn'),
    error: keep('error'),
  });
}

async function makeDeployment(
  bus: CommandBus,
  settings: Partial<RegistrySettings>,
): Promise<{ readonly admin: Login; readonly other: Login }> {
  const keys = await systemKeys;
  const sources = { now: Date.now, newId, randomBytes: (length: number) => randomBytes(length) };
  const verifierSecret = verifierSecretOf(keys);
  const make = async (name: string) => {
    const password = newId();
    const chosen = { value: password, chosenBy: 'generator' } as const;
    const row = await newRegistry(name, {
      ring,
      sources,
      verifierSecret,
      adminUserEnabled: true,
      password: chosen,
    });
    return { row, login: { id: row.id, username: name, password } };
  };
  const first = await make('cerulean');
  const second = await make('another');
  await execute(bus, 'initialiseDeployment', {
    incarnation: newId(),
    origin: newId(),
    rootKeyNumber: ring.current.number,
    rootKeyFingerprint: keyFingerprint(ring.current.key),
    systemKeys: keys,
    registry: { ...first.row, settings: { ...first.row.settings, ...settings } },
    jobs: [],
  });
  await execute(bus, 'createRegistry', second.row);
  return { admin: first.login, other: second.login };
}

function verifierSecretOf(keys: Awaited<typeof systemKeys>): SystemSecret {
  const row = keys.find((key) => key.purpose === systemKeyPurposes.verifier);
  if (row === undefined) throw new TypeError('No key for verifiers was made.');
  const context = systemKeyContext({ purpose: row.purpose, version: row.version });
  const keyOf = (number: number): Uint8Array | undefined => ring.keyOf(number);
  const key = openBox({ kind: 'systemKey', box: row.box, context, keyOf, acceptClear: false });
  return { version: row.version, key };
}

const execute: Execute = (bus, name, input) =>
  bus.execute(name, input, {
    lane: 'test',
    context: {
      commandId: newId(),
      newId: newId(),
      now: Date.now(),
      principalId: '0'.repeat(32),
      principalName: 'test',
      requestId: 'test',
      address: '127.0.0.1',
      host: 'test',
      method: 'TEST',
      userAgent: 'test',
    },
  });

type Execute = <N extends Parameters<CommandBus['execute']>[0]>(
  bus: CommandBus,
  name: N,
  input: Parameters<typeof bus.execute<N>>[1],
) => Promise<unknown>;

function failLoudly(why: string): void {
  throw new Error(`The writer has ended: ${why}`);
}
