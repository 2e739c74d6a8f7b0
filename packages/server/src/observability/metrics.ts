import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import { type FinishedRequest, RequestTally } from './request-tally.ts';

/** Told of each request by both paths. */
export interface RequestObserver {
  started(operation: string): void;
  finished(request: FinishedRequest): void;
}

/** The figures of one thread, as they travel to main. */
export type MetricsSnapshot = readonly object[];

export interface ThreadMetrics extends RequestObserver {
  snapshot(): Promise<MetricsSnapshot>;
}

/** Seconds: from a look-up in memory to a layer over a slow line. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The request metrics of one serving thread. */
export function createThreadMetrics(): ThreadMetrics {
  const tally = new RequestTally(durationBuckets);
  return {
    started: () => tally.started(),
    finished: (request) => tally.finished(request),
    snapshot: async () => tally.metrics(),
  };
}

/** What main adds: the process as a whole. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly freeBytes: number;
  readonly servingThreads: number;
  readonly startedAtSeconds: number;
  readonly contentCache?: ContentCacheFigures;
}

/** In pages; `filled` and `pinned` are as of now, the others counted since the start. */
export interface ContentCacheFigures {
  readonly filled: number;
  readonly pinned: number;
  readonly hits: number;
  readonly misses: number;
  readonly entered: number;
  readonly freed: number;
  readonly refused: number;
}

/** All threads' figures and the process's, in the Prometheus text format. */
export async function metricsText(
  snapshots: readonly MetricsSnapshot[],
  figures: ProcessFigures,
): Promise<string> {
  const own = new Registry();
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name, help, registers: [own] }).set(value);
  gauge('process_resident_memory_bytes', 'Memory that the process holds.', figures.residentBytes);
  const cpu = { name: 'process_cpu_seconds_total', help: 'Processor time of all threads.', registers: [own] };
  new Counter(cpu).inc(figures.cpuSeconds);
  gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch.',
    figures.startedAtSeconds,
  );
  gauge('cerulean_disk_free_bytes', 'Free space where blobs lie.', figures.freeBytes);
  gauge('cerulean_serving_threads', 'Serving threads that run.', figures.servingThreads);
  if (figures.contentCache !== undefined) addContentCache(own, figures.contentCache);
  const all = [...snapshots, await own.getMetricsAsJSON()].map((snapshot) => [...snapshot]);
  return AggregatorRegistry.aggregate(all as unknown as object[]).metrics();
}

function addContentCache(register: Registry, { filled, pinned, ...counted }: ContentCacheFigures): void {
  const registers = [register];
  const now = new Gauge({
    name: 'cerulean_content_cache_pages',
    help: 'Pages of 64 KiB in the content cache: all, and those that are being sent.',
    labelNames: ['state'],
    registers,
  });
  now.set({ state: 'filled' }, filled);
  now.set({ state: 'pinned' }, pinned);
  const total = new Counter({
    name: 'cerulean_content_cache_pages_total',
    help: 'What became of pages: found, missing, taken in, given up for others, or not taken in since all were in use.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['hits', 'misses', 'entered', 'freed', 'refused'] as const)
    total.inc({ outcome }, counted[outcome]);
}

export const metricsContentType = Registry.PROMETHEUS_CONTENT_TYPE;
