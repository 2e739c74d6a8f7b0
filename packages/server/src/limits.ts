import { identityLimits } from './identity-limits.ts';
import type { Limit } from './limit.ts';

export type { Limit };

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Every limit of the server. `docs/limits.md` is made from this table. */
const table = {
  manifestBytesMax: {
    value: 4 * MiB,
    unit: 'bytes',
    reason: 'What ACR allows, and what the OCI specification asks a registry to take at least.',
  },
  layerBytesMax: { value: 200 * GiB, unit: 'bytes', reason: 'What ACR allows in every tier.' },
  inlineBytesMax: {
    value: 32 * KiB,
    unit: 'bytes',
    reason: 'Up to here a sealed row is written five times as fast as a file.',
  },
  stagingPiecesMax: {
    value: 32,
    unit: 'count',
    reason: 'Pieces of 1 MiB in which a thread gathers bodies; when all are in use, others gather in 64 KiB.',
  },
  segmentBytesMax: {
    value: 1 * GiB,
    unit: 'bytes',
    reason: 'A segment is what a crash can lose of an upload, and what one key encrypts.',
  },
  uploadSegmentsMax: {
    value: 65_536,
    unit: 'count',
    reason: 'The list of segments is read at once when a blob is opened.',
  },
  chunkBytesMin: {
    value: 1,
    unit: 'bytes',
    reason:
      'Sent as OCI-Chunk-Min-Length: any chunk is stored, since each request has an object or a row of its own.',
  },
  manifestDescriptorsMax: {
    value: 10_000,
    unit: 'count',
    reason: 'The width of an index and the layers of an image; each becomes a row in one transaction.',
  },
  manifestDepthMax: {
    value: 32,
    unit: 'levels',
    reason: 'JSON nesting: deeper is no manifest but an attack on the parser.',
  },
  indexDepthMax: {
    value: 8,
    unit: 'levels',
    reason: 'Indexes of indexes: a walk stays bounded. Nothing in the field nests deeper than three.',
  },
  configBytesMax: {
    value: 4 * MiB,
    unit: 'bytes',
    reason: 'A config that is larger is stored but not looked into for architecture, os and labels.',
  },
  pageDefault: { value: 100, unit: 'count', reason: "ACR's default of `n`." },
  pageMax: {
    value: 1000,
    unit: 'count',
    reason: "ACR's maximum of `n`; a larger `n` gets this many, with a Link to the rest.",
  },
  manifestPageItemsMax: {
    value: 10_000,
    unit: 'count',
    reason:
      'Tags and children shown on one page of `_manifests`; a page that would have more is shorter, with a Link to the rest.',
  },
  attributesBodyBytesMax: {
    value: 4 * KiB,
    unit: 'bytes',
    reason: 'A PATCH of attributes holds four flags.',
  },
  pullCountFlushMs: {
    value: 30_000,
    unit: 'ms',
    reason:
      'Pulls are counted in memory and recorded this often, and at a shutdown: what a crash can lose of the figures.',
  },
  pullsCountedMax: {
    value: 10_000,
    unit: 'count',
    reason:
      'Manifests and tags whose pulls a serving thread counts in memory; at this many they are recorded at once.',
  },
  pullBatchMax: {
    value: 200,
    unit: 'count',
    reason: 'Figures of pulls in one transaction: others wait for it.',
  },
  referrersPageMax: {
    value: 100,
    unit: 'count',
    reason: 'Every referrer of a page is unsealed to show its annotations.',
  },
  tagsPerRequestMax: {
    value: 100,
    unit: 'count',
    reason: 'Tags named by `?tag=` in one PUT; the specification asks for at least 10.',
  },
  rangesMax: {
    value: 64,
    unit: 'count',
    reason: 'Ranges of one GET; lazy pullers ask for a few dozen. More gets the whole blob.',
  },
  bodyIdleMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'A body that brings nothing for this long is given up; what came is kept.',
  },
  responseIdleMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'A client that takes nothing for this long is disconnected, so that it holds no file.',
  },
  unwantedBytesMax: {
    value: 64 * MiB,
    unit: 'bytes',
    reason:
      'Read of a body that was refused, so that the client gets to see why: chunks of several MiB come before their login.',
  },
  unwantedKeptBytesMax: {
    value: 64 * KiB,
    unit: 'bytes',
    reason: 'A refused body with no more than this left is read to its end, and the connection is kept.',
  },
  unwantedMs: {
    value: 5000,
    unit: 'ms',
    reason: 'Time for reading a body that was refused; then the connection is closed.',
  },
  interruptedStoringMs: {
    value: 5000,
    unit: 'ms',
    reason: 'Time to store what came of the bodies that a shutdown cut off.',
  },
  headersTimeoutMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'Slow headers hold a connection and nothing else may wait for them.',
  },
  keepAliveMs: {
    value: 75_000,
    unit: 'ms',
    reason: 'Longer than the idle time of the common load balancers (60 s), so that they close first.',
  },
  headerBytesMax: {
    value: 32 * KiB,
    unit: 'bytes',
    reason: 'Tokens are up to 8 KiB, and a range list may be long.',
  },
  urlBytesMax: { value: 16 * KiB, unit: 'bytes', reason: 'Longer is 414: a PUT with too many tags, mostly.' },
  connectionsMax: {
    value: 10_000,
    unit: 'count',
    reason: 'For each serving thread; more are closed at once rather than left to starve the others.',
  },
  requestsWaitingMax: {
    value: 16,
    unit: 'count',
    reason:
      'Requests that a connection has sent ahead; while so many wait for their turn, no more of it is read.',
  },
  uploadsOpenMax: {
    value: 1000,
    unit: 'count',
    reason: 'Unfinished uploads of one identity: a runaway client may not fill the table.',
  },
  uploadBytesOpenMax: {
    value: 2048 * GiB,
    unit: 'bytes',
    reason: 'Bytes in unfinished uploads of one identity: ten layers of the largest size.',
  },
  uploadLifetimeSeconds: {
    value: 7 * 24 * 3600,
    unit: 'seconds',
    reason: 'A week is long enough for any push; then its bytes are given back.',
  },
  ...identityLimits,
  commandsQueuedMax: {
    value: 4096,
    unit: 'count',
    reason: 'Commands that wait for the writer; more get 503 with Retry-After.',
  },
  commandBytesQueuedMax: {
    value: 256 * MiB,
    unit: 'bytes',
    reason: 'Bytes of commands that wait for the writer.',
  },
  groupCommandsMax: {
    value: 64,
    unit: 'count',
    reason: 'Commands in one commit: larger groups gained nothing more.',
  },
  groupBytesMax: { value: 1 * MiB, unit: 'bytes', reason: 'Bytes in one commit.' },
  liveHashesMax: {
    value: 256,
    unit: 'count',
    reason:
      'Running hashes of unfinished uploads kept in a serving thread; one that is dropped is made again by reading back.',
  },
  parsedManifestsMax: {
    value: 128,
    unit: 'count',
    reason:
      'Small manifests that each serving thread keeps parsed, for those that are tagged again and again.',
  },
  manifestCacheBytesMax: {
    value: 16 * MiB,
    unit: 'bytes',
    reason: 'Opened manifests kept in a serving thread.',
  },
  tokensRememberedMax: {
    value: 4096,
    unit: 'count',
    reason: 'Verified tokens that a serving thread remembers by their hash.',
  },
  jobLeaseMs: { value: 60_000, unit: 'ms', reason: 'A job whose holder died is taken over after this.' },
  jobAttemptsMax: { value: 10, unit: 'count', reason: 'Then a job is dead and shown as such.' },
  expireBatchMax: { value: 200, unit: 'count', reason: 'Uploads or sign-ins ended in one transaction.' },
  requestIdCharsMax: { value: 128, unit: 'count', reason: 'A longer X-Request-Id of a client is replaced.' },
  userAgentCharsMax: { value: 256, unit: 'count', reason: 'Kept in events; the rest is cut off.' },
  mountSourcesMax: { value: 16, unit: 'count', reason: 'Repositories looked at for a mount without `from`.' },
} as const satisfies Record<string, Limit>;

/** The table, for the documentation. */
export const limitTable: Readonly<Record<string, Limit>> = table;

/** The values alone, by name. */
export const limits = Object.fromEntries(
  Object.entries(table).map(([name, limit]) => [name, limit.value]),
) as { readonly [Name in keyof typeof table]: number };
