import { type Compared, type Comparison, compare, median, type Side } from './comparisons.ts';
import { type Measurement, metricOf } from './measure.ts';
import type { ServerKind } from './servers/bench-server.ts';
import type { MemoryPeak } from './servers/server-pool.ts';
import type { WorkloadName } from './workloads.ts';

interface Entry {
  readonly workload: WorkloadName;
  readonly server: ServerKind;
  readonly round: number;
  readonly measured: Measurement;
}

/** Everything that was measured, round by round. */
export class Results {
  readonly entries: Entry[] = [];
  /** Of each kind of server, the round in which it had most beside its cache. */
  readonly memoryPeaks = new Map<ServerKind, MemoryPeak>();

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  addMemoryPeaks(peaks: ReadonlyMap<ServerKind, MemoryPeak>): void {
    for (const [kind, peak] of peaks) {
      const before = this.memoryPeaks.get(kind);
      if (before === undefined || besideCache(peak) > besideCache(before)) this.memoryPeaks.set(kind, peak);
    }
  }

  /** The lines of the table for which both sides were measured. */
  compareAll(comparisons: readonly Comparison[]): Compared[] {
    return comparisons.flatMap((comparison) => {
      const baseline = this.#side(comparison, comparison.baseline);
      const subject = this.#side(comparison, comparison.subject);
      return baseline === undefined || subject === undefined
        ? []
        : [compare(comparison, { baseline, subject })];
    });
  }

  #side({ workload, metric }: Comparison, server: ServerKind): Side | undefined {
    const rounds = this.entries.filter((entry) => entry.workload === workload && entry.server === server);
    if (rounds.length === 0) return undefined;
    return {
      value: median(rounds.map(({ measured }) => metricOf(metric, measured))),
      cpuSeconds: median(rounds.map(({ measured }) => metricOf('cpuSecondsPerOp', measured))),
    };
  }
}

const besideCache = ({ bytes, cacheBytes }: MemoryPeak): number => bytes - cacheBytes;
