import type { Metric } from './measure.ts';
import type { ServerKind } from './servers/bench-server.ts';
import type { WorkloadName } from './workloads.ts';

/** A line of the table: two servers at the same work, and the ratio that is aimed at. */
export interface Comparison {
  readonly title: string;
  readonly workload: WorkloadName;
  readonly baseline: ServerKind;
  readonly subject: ServerKind;
  readonly metric: Metric;
  /** Subject : baseline; at least this, or at most where less is better. */
  readonly aim: number;
  readonly lessIsBetter?: true;
}

const against = { baseline: 'distribution', subject: 'cerulean' } as const;
const againstTls = { baseline: 'distribution-tls', subject: 'cerulean-tls' } as const;
const ops = { metric: 'opsPerSecond' } as const;
const bytes = { metric: 'bytesPerSecond' } as const;

export const comparisons: readonly Comparison[] = [
  { title: 'manifest by tag, 32 at once', workload: 'manifest', ...against, ...ops, aim: 5 },
  { title: '4 KiB blob, 32 at once', workload: 'blob-4k', ...against, ...ops, aim: 15 },
  { title: '128 MiB blob hot, 8 at once', workload: 'blob-128m', ...against, ...bytes, aim: 1.4 },
  {
    title: '128 MiB blobs cold, encrypted, 8 at once',
    workload: 'blob-128m-cold',
    ...against,
    ...bytes,
    subject: 'cerulean-cold',
    aim: 0.75,
  },
  {
    title: '128 MiB blobs cold, none, 8 at once',
    workload: 'blob-128m-cold',
    ...against,
    ...bytes,
    subject: 'cerulean-none-cold',
    aim: 1.2,
  },
  {
    title: 'push 128 MiB layers, encrypted, 2 at once',
    workload: 'push-128m',
    ...against,
    ...bytes,
    aim: 1.1,
  },
  {
    title: 'push 128 MiB layers, none, 2 at once',
    workload: 'push-128m',
    ...against,
    ...bytes,
    subject: 'cerulean-none',
    aim: 1.2,
  },
  {
    title: 'CPU-seconds for a GiB pushed, encrypted (less is better)',
    workload: 'push-128m',
    ...against,
    metric: 'cpuSecondsPerGiB',
    aim: 1.05,
    lessIsBetter: true,
  },
  {
    title: 'push images of 8 × 4 KiB layers, 8 at once',
    workload: 'push-images',
    ...against,
    ...ops,
    aim: 4.5,
  },
  { title: 'pull whole small images, 8 at once', workload: 'pull-images', ...against, ...ops, aim: 8 },
  { title: 'tags put on one manifest, 16 at once', workload: 'tags', ...against, ...ops, aim: 7 },
  { title: 'manifest by tag over TLS, 32 at once', workload: 'manifest', ...againstTls, ...ops, aim: 4 },
  { title: '128 MiB blob hot over TLS, 8 at once', workload: 'blob-128m', ...againstTls, ...bytes, aim: 1.1 },
];

/** The median of one side's rounds. */
export interface Side {
  readonly value: number;
  /** CPU-seconds of the server for one operation. */
  readonly cpuSeconds: number;
}

/** A comparison with what its two sides reached. */
export interface Compared extends Comparison {
  readonly baselineSide: Side;
  readonly subjectSide: Side;
  readonly ratio: number;
  readonly reachesAim: boolean;
  /** Below half of the aim (or above twice, where less is better) is a failure, whatever the machine's noise. */
  readonly reachesHalf: boolean;
}

export function compare(comparison: Comparison, sides: { baseline: Side; subject: Side }): Compared {
  const { aim, lessIsBetter } = comparison;
  const ratio = sides.subject.value / sides.baseline.value;
  return {
    ...comparison,
    baselineSide: sides.baseline,
    subjectSide: sides.subject,
    ratio,
    reachesAim: lessIsBetter === true ? ratio <= aim : ratio >= aim,
    reachesHalf: lessIsBetter === true ? ratio <= aim * 2 : ratio >= aim / 2,
  };
}

/** The middle value; of an even number the mean of the two in the middle. Throws for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new Error('There is no median of nothing.');
  return (low + high) / 2;
}
