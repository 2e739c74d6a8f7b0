import { chmod, copyFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import type { OperatorHandlers } from '../operator/operator-handlers.ts';
import { startServer } from '../server.ts';
import type { EmulatorOptions } from './emulator-options.ts';
import { makeThrowAwayFolder } from './throw-away-folder.ts';

/** What a test needs to use an emulator: the line of JSON. */
export interface EmulatorDescription {
  /** The issuer's base URL, without a slash at its end. */
  readonly login: string;
  /** What registries are found below, with the port where it is not 443. */
  readonly domain: string;
  /** The names that must lead to the emulator, without ports. */
  readonly hosts: readonly string[];
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
  /** The authority's certificate, PEM. Everybody on the machine may read it. */
  readonly caFile: string;
  readonly registry: {
    readonly name: string;
    /** With the port where it is not 443. */
    readonly loginServer: string;
    readonly adminUser: string;
    readonly adminPassword: string;
  };
}

export interface Emulator {
  readonly description: EmulatorDescription;
  /** Ends the server and removes all that it wrote. */
  stop(): Promise<void>;
}

/** Its name in the directory. */
const principal = 'emulator';
const secretDays = 365;

/** Starts a server with a data folder of its own, and makes what the description tells. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await makeThrowAwayFolder('cerulean-emulator-'));
  const config = loadConfig({
    argv: serverFlags(options, join(folder.path, 'data')),
    // Settings of a server's own on this machine are none of the emulator's.
    env: {},
    cwd: process.cwd(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  });
  const server = await startServer(config, {
    logDescriptor: 2,
    isTerminal: process.stderr.isTTY === true,
    welcome: () => undefined,
  });
  opened.defer(() => server.stop());
  const caFile = join(folder.path, 'ca.pem');
  await copyFile(join(config.dataFolder, 'tls', 'ca.pem'), caFile);
  await chmod(caFile, 0o644);
  const { port } = new URL(server.address);
  const place = (host: string) => (port === '' ? host : `${host}:${port}`);
  const description = {
    login: `https://${place(options.login)}`,
    domain: place(config.domain),
    hosts: [options.login, `${config.registry}.${config.domain}`],
    ...(await makePrincipal(server.operate, config.registry)),
    caFile,
    registry: {
      name: config.registry,
      loginServer: place(`${config.registry}.${config.domain}`),
      ...(await adminOf(server.operate, config.registry)),
    },
  };
  const running = opened.move();
  return { description, stop: () => running.disposeAsync() };
}

/** Small in memory and on the disk: it shares a machine with the tests that use it. */
function serverFlags(options: EmulatorOptions, dataFolder: string): string[] {
  const flags = {
    port: options.port,
    host: options.host,
    domain: options.domain,
    registry: options.registry,
    hostname: options.login,
    'log-level': options.logLevel,
    data: dataFolder,
    tls: 'auto',
    workers: '1',
    'cache-memory': '64MiB',
    'reserve-space': '16MiB',
    'drain-seconds': '1',
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

async function makePrincipal(operate: OperatorHandlers, registry: string) {
  const { signal } = new AbortController();
  const made = await operate['principal.create']({ name: principal, type: 'service-principal' }, signal);
  await operate['role-assignment.create']({ principal, role: 'Owner', registry }, signal);
  const secret = await operate['secret.create']({ principal, name: principal, days: secretDays }, signal);
  const { tenantId, objectId, clientId } = made;
  if (clientId === null) throw new TypeError('The emulator’s principal has no client id.');
  return { tenantId, clientId, clientSecret: secret.value, objectId };
}

async function adminOf(operate: OperatorHandlers, registry: string) {
  const shown = await operate['credentials.show']({ name: registry }, new AbortController().signal);
  const [first] = shown.passwords;
  if (first === undefined) throw new TypeError('The emulator’s admin user has no password.');
  return { adminUser: shown.username, adminPassword: first.value };
}
