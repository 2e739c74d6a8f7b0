import type { ServerKind } from './servers/bench-server.ts';

/** `full` is what docs/performance.md shows; `quick` is for every change, in minutes. */
export type Size = 'full' | 'quick';

/** One kind of work: the client's row and flags, and the servers that it is measured on, in this order. */
export interface Workload {
  readonly row: string;
  readonly servers: readonly ServerKind[];
  readonly flags: (size: Size) => readonly string[];
  /** Once in all instead of once a round: what takes long and is looked at for its memory. */
  readonly once?: true;
}

const MiB = 1024 ** 2;

/** Seconds to measure and to warm up. */
const times = { full: [5, 2], quick: [1.5, 0.7] } as const;
/** Large pushes are counted, so that CPU-seconds for a GiB are those of whole layers. */
const largePushes = { full: 12, quick: 6 } as const;
const giantBytes = { full: 10 * 1024 * MiB, quick: 1024 * MiB } as const;

const plain = ['distribution', 'cerulean'] as const;
const plainAndTls = [...plain, 'distribution-tls', 'cerulean-tls'] as const;

/** A small machine under load needs more time to compile what is hot: this many operations are warming up too. */
const warmCounts = { small: 12000, tags: 6000, images: 300, pulls: 1200 } as const;
const warmed = (count: number): string[] => ['-warm-count', String(count)];

const timed = (size: Size, concurrency: number, ...more: string[]): string[] => [
  '-concurrency',
  String(concurrency),
  '-seconds',
  String(times[size][0]),
  '-warm-seconds',
  String(times[size][1]),
  ...more,
];

export const workloads = {
  manifest: {
    row: 'manifest',
    servers: plainAndTls,
    flags: (size) => timed(size, 32, ...warmed(warmCounts.small)),
  },
  'blob-4k': {
    row: 'blob-small',
    servers: plain,
    flags: (size) => timed(size, 32, ...warmed(warmCounts.small)),
  },
  'blob-128m': { row: 'blob-large', servers: plainAndTls, flags: (size) => timed(size, 8) },
  // Eight different blobs, one for each reader, are far more than the smallest cache holds.
  'blob-128m-cold': {
    row: 'blob-large',
    servers: ['distribution', 'cerulean-cold', 'cerulean-none-cold'],
    flags: (size) => timed(size, 8, '-blobs', '8'),
  },
  'push-128m': {
    row: 'push-large',
    servers: [...plain, 'cerulean-none'],
    flags: (size) => ['-concurrency', '2', '-count', String(largePushes[size])],
  },
  'push-images': {
    row: 'push-images',
    servers: plain,
    flags: (size) => timed(size, 8, ...warmed(warmCounts.images)),
  },
  'pull-images': {
    row: 'pull-images',
    servers: plain,
    flags: (size) => timed(size, 8, '-images', size === 'full' ? '300' : '50', ...warmed(warmCounts.pulls)),
  },
  tags: { row: 'tags', servers: plain, flags: (size) => timed(size, 16, ...warmed(warmCounts.tags)) },
  giant: {
    row: 'giant',
    servers: plain,
    flags: (size) => ['-size', String(giantBytes[size])],
    once: true,
  },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;
