import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Compared } from './comparisons.ts';
import type { Metric } from './measure.ts';
import { type ServerKind, serverKinds } from './servers/bench-server.ts';
import type { MemoryPeak } from './servers/server-pool.ts';
import { ceruleanDurability } from './servers/start-cerulean.ts';
import { distributionDurability } from './servers/start-distribution.ts';

/**
 * The table of ratios in Markdown, as docs/performance.md shows it. The last column is the ratio of what the servers do
 * in a second of processor time, which other programs on the machine disturb less.
 */
export function ratioTable(compared: readonly Compared[]): string {
  const lines = compared.map((line) => [
    line.title,
    valueText(line.metric, line.baselineSide.value),
    valueText(line.metric, line.subjectSide.value),
    line.ratio.toFixed(2),
    `${line.lessIsBetter === true ? '≤' : '≥'} ${line.aim}`,
    verdict(line),
    (line.baselineSide.cpuSeconds / line.subjectSide.cpuSeconds).toFixed(2),
  ]);
  return markdownTable(['work', 'distribution v3', 'Cerulean', 'ratio', 'aim', '', 'work per CPU-s'], lines);
}

function verdict(line: Compared): string {
  if (line.reachesAim) return 'reached';
  return line.reachesHalf ? 'short of it' : 'BELOW HALF';
}

function valueText(metric: Metric, value: number): string {
  switch (metric) {
    case 'opsPerSecond':
      return `${value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)}/s`;
    case 'bytesPerSecond':
      return value >= 1e9 ? `${(value / 1e9).toFixed(2)} GB/s` : `${Math.round(value / 1e6)} MB/s`;
    case 'cpuSecondsPerGiB':
      return `${value.toFixed(2)} s`;
    case 'cpuSecondsPerOp':
      return `${(value * 1000).toFixed(2)} ms`;
  }
}

export function memoryTable(peaks: ReadonlyMap<ServerKind, MemoryPeak>): string {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const lines = [...peaks].map(([kind, { bytes, cacheBytes }]) => [
    serverKinds[kind].title,
    megabytes(bytes),
    megabytes(cacheBytes),
    megabytes(bytes - cacheBytes),
  ]);
  return markdownTable(['server', 'most memory (VmHWM)', 'of it content cache', 'beside the cache'], lines);
}

export const durabilityText = `- distribution: ${distributionDurability}.
- Cerulean: ${ceruleanDurability}.`;

/** What the figures depend on, besides the programs. */
export function machineText(): string {
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  return `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, load ${load}`;
}

export function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const row = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n');
}
