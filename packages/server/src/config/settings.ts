import { type Static, type TSchema, Type } from 'typebox';
import { formatByteSize } from './byte-size.ts';
import {
  isAddressOrNetwork,
  isDomainName,
  isHostName,
  isPublicUrl,
  parseListenAddress,
} from './network-names.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/** What a default may depend on. */
export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly platform: NodeJS.Platform;
}

/** How a text becomes a value: a `bytes` takes units, a `path` is resolved, a `list` is split at commas. */
type Kind = 'text' | 'number' | 'switch' | 'bytes' | 'list' | 'path';

/** One setting. Its schema decides what is right, `expects` says the same in words. */
export interface Setting<Schema extends TSchema = TSchema> {
  readonly flag: string;
  readonly kind: Kind;
  readonly schema: Schema;
  /** Absent: there is no default, and the value is undefined unless given. */
  readonly default?: (machine: Machine) => Static<Schema>;
  readonly defaultText: string;
  readonly expects: string;
  readonly help: string;
}

const setting = <const Schema extends TSchema>(row: Setting<Schema>): Setting<Schema> => row;
const oneOf = (...values: readonly string[]) => `one of ${values.join(', ')}`;
const name = (check: (text: string) => boolean) => Type.Refine(Type.String(), check);
const networks = Type.Array(name(isAddressOrNetwork));

/**
 * Every setting, in the order in which `--help` lists them; the key is the name in `Config`. The flag gives the
 * other two names: `--cache-memory` is `CERULEAN_CACHE_MEMORY` in the environment and `cache-memory` in a file.
 */
export const settings = {
  port: setting({
    flag: 'port',
    kind: 'number',
    schema: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: () => 5000,
    defaultText: '5000',
    expects: 'a whole number from 0 to 65535; 0 takes any free port',
    help: 'Port to listen on.',
  }),
  host: setting({
    flag: 'host',
    kind: 'text',
    schema: name(isHostName),
    default: () => '127.0.0.1',
    defaultText: '127.0.0.1',
    expects: 'an address, or a name that has one',
    help: 'Address to listen on. Anything but loopback needs TLS or --insecure-http.',
  }),
  dataFolder: setting({
    flag: 'data',
    kind: 'path',
    schema: Type.String({ minLength: 1 }),
    default: () => './data',
    defaultText: './data',
    expects: 'the path of a folder',
    help: 'Folder that holds everything but, if --root-key names another place, the root key.',
  }),
  domain: setting({
    flag: 'domain',
    kind: 'text',
    schema: name(isDomainName),
    default: () => 'azurecr.localhost',
    defaultText: 'azurecr.localhost',
    expects: 'a domain name in lower case',
    help: 'Registries are found at NAME.DOMAIN.',
  }),
  registry: setting({
    flag: 'registry',
    kind: 'text',
    schema: Type.String({ pattern: '^[a-z0-9]{5,50}$' }),
    default: () => 'cerulean',
    defaultText: 'cerulean',
    expects: '5 to 50 lower-case letters and digits',
    help: 'Name of the default registry: the one that loopback, the bound address and --hostname lead to.',
  }),
  hostnames: setting({
    flag: 'hostname',
    kind: 'list',
    schema: Type.Array(name(isHostName)),
    default: () => [],
    defaultText: 'none',
    expects: 'names or addresses in lower case, without a port',
    help: 'Further names of the default registry; may be given more than once, or with commas.',
  }),
  publicUrl: setting({
    flag: 'public-url',
    kind: 'text',
    schema: name(isPublicUrl),
    defaultText: 'the host that the client asked for',
    expects: 'http:// or https:// with a host in lower case, and nothing after it, not even a slash',
    help: 'What answers name as their own address behind a proxy.',
  }),
  trustedProxies: setting({
    flag: 'trusted-proxies',
    kind: 'list',
    schema: networks,
    default: () => [],
    defaultText: 'none',
    expects: 'addresses or networks such as 10.0.0.0/8 or fd00::/8',
    help: 'Proxies whose X-Forwarded-* headers are believed.',
  }),
  workers: setting({
    flag: 'workers',
    kind: 'number',
    schema: Type.Integer({ minimum: 1, maximum: 64 }),
    default: ({ cpus, platform }) => (platform === 'win32' ? 1 : Math.min(64, Math.max(1, cpus))),
    defaultText: 'the number of cores; 1 on Windows',
    expects: 'a whole number from 1 to 64; on Windows, where sockets can not be handed to a thread, only 1',
    help: 'Serving threads.',
  }),
  metadataListen: setting({
    flag: 'metadata-listen',
    kind: 'text',
    schema: name((text) => parseListenAddress(text) !== undefined),
    defaultText: 'none',
    expects:
      'an address with a port, such as 169.254.169.254:80 or [fd00::1]:8081; port 0 takes any free one',
    help: 'Address at which managed identities get tokens by plain HTTP, and nothing else is served.',
  }),
  tls: setting({
    flag: 'tls',
    kind: 'text',
    schema: Type.Enum(['off', 'auto']),
    default: () => 'off' as const,
    defaultText: 'off',
    expects: oneOf('off', 'auto'),
    help: 'auto: an own certificate authority is made once in the data folder and signs the certificate.',
  }),
  tlsCertFile: setting({
    flag: 'tls-cert',
    kind: 'path',
    schema: Type.String({ minLength: 1 }),
    defaultText: 'none',
    expects: 'the path of a PEM file',
    help: 'Certificate chain (PEM), with --tls-key.',
  }),
  tlsKeyFile: setting({
    flag: 'tls-key',
    kind: 'path',
    schema: Type.String({ minLength: 1 }),
    defaultText: 'none',
    expects: 'the path of a PEM file',
    help: 'Private key of --tls-cert (PEM).',
  }),
  insecureHttp: setting({
    flag: 'insecure-http',
    kind: 'switch',
    schema: Type.Boolean(),
    default: () => false,
    defaultText: 'off',
    expects: oneOf('on', 'off', 'true', 'false'),
    help: 'Listen on more than loopback without TLS, although passwords and tokens then pass in the clear.',
  }),
  encryption: setting({
    flag: 'encryption',
    kind: 'text',
    schema: Type.Enum(['aes-256-gcm', 'none']),
    default: () => 'aes-256-gcm' as const,
    defaultText: 'aes-256-gcm',
    expects: oneOf('aes-256-gcm', 'none'),
    help: 'How new content is stored. After a change from none to aes-256-gcm see --read-unencrypted.',
  }),
  readUnencrypted: setting({
    flag: 'read-unencrypted',
    kind: 'switch',
    schema: Type.Boolean(),
    default: () => false,
    defaultText: 'off; on with --encryption none',
    expects: oneOf('on', 'off', 'true', 'false'),
    help: 'Serve content that lies unencrypted. Off, whoever can write to the database can not slip any in.',
  }),
  rootKeyFile: setting({
    flag: 'root-key',
    kind: 'path',
    schema: Type.String({ minLength: 1 }),
    defaultText: 'keys/root.key in the data folder',
    expects: 'the path of a file',
    help: 'The key that all other keys are wrapped by. Without it nothing can be read: back it up apart.',
  }),
  cacheMemoryBytes: setting({
    flag: 'cache-memory',
    kind: 'bytes',
    schema: Type.Integer({ minimum: 16 * MiB, maximum: 1024 * GiB }),
    default: ({ memoryBytes }) => clamp(Math.floor(memoryBytes / 8 / MiB) * MiB, 64 * MiB, 4 * GiB),
    defaultText: 'an eighth of the memory, from 64MiB to 4GiB',
    expects: 'a size from 16MiB to 1TiB, such as 512MiB',
    help: 'Memory that all threads share for hot content.',
  }),
  // An absolute amount: what must stay possible on a full disk (deletes, the WAL, a checkpoint, an operator's work)
  // does not grow with the disk, and 2 % of a disk of 10 TB would lie idle for nothing.
  reserveSpaceBytes: setting({
    flag: 'reserve-space',
    kind: 'bytes',
    schema: Type.Integer({ minimum: 16 * MiB, maximum: 1024 * GiB }),
    default: () => GiB,
    defaultText: formatByteSize(GiB),
    expects: 'a size from 16MiB to 1TiB, such as 1GiB',
    help: 'Free space that pushes leave on the disk, so that pulls and deletes go on.',
  }),
  metricsFrom: setting({
    flag: 'metrics-from',
    kind: 'list',
    schema: networks,
    default: () => ['127.0.0.0/8', '::1'],
    defaultText: '127.0.0.0/8,::1',
    expects: 'addresses or networks such as 10.0.0.0/8 or fd00::/8',
    help: 'Who may read /metrics.',
  }),
  // Off: ACR's figures are what Microsoft gives a customer of a shared service, and one machine of one's own serves a
  // hundred times as much (docs/adr/0015-rate-limits.md).
  rateLimits: setting({
    flag: 'rate-limits',
    kind: 'text',
    schema: Type.Enum(['off', 'acr']),
    default: () => 'off' as const,
    defaultText: 'off',
    expects: oneOf('off', 'acr'),
    help: "acr: each registry and each identity has ACR's calls a minute by tier, and gets 429 beyond them.",
  }),
  drainSeconds: setting({
    flag: 'drain-seconds',
    kind: 'number',
    schema: Type.Integer({ minimum: 0, maximum: 3600 }),
    default: () => 30,
    defaultText: '30',
    expects: 'a whole number from 0 to 3600',
    help: 'Time that running requests have to finish when the server is told to stop.',
  }),
  logLevel: setting({
    flag: 'log-level',
    kind: 'text',
    schema: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: () => 'info' as const,
    defaultText: 'info',
    expects: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    help: 'The least that is logged.',
  }),
  logFormat: setting({
    flag: 'log-format',
    kind: 'text',
    schema: Type.Enum(['auto', 'json', 'text']),
    default: () => 'auto' as const,
    defaultText: 'auto',
    expects: oneOf('auto', 'json', 'text'),
    help: 'auto: text on a terminal, JSON elsewhere.',
  }),
} as const;

export type SettingKey = keyof typeof settings;

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
