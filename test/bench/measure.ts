import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { tail } from '../tools/run-command.ts';
import type { BenchServer } from './servers/bench-server.ts';
import { type CpuSeconds, cpuSecondsOf } from './servers/process-figures.ts';

/** What the client prints at its end; durations as the names say. */
interface ClientFigures {
  readonly ops: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly latencyMs: {
    readonly mean: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly clientCpuSeconds: number;
  readonly checked: string;
}

export interface Measurement extends ClientFigures {
  /** CPU-seconds of the server while the clock ran. */
  readonly serverCpu: CpuSeconds;
  /** From when to when the clock ran, on the monotonic clock, in microseconds (as CPU profiles count). */
  readonly windowUs: readonly [number, number];
}

export interface ClientRun {
  readonly program: string;
  readonly row: string;
  readonly flags: readonly string[];
}

/** Runs the client against a server. Throws with the client's message and the end of the server's log. */
export async function measure(server: BenchServer, run: ClientRun): Promise<Measurement> {
  const place = [
    '-url',
    server.url,
    '-user',
    server.user,
    ...(server.caFile === undefined ? [] : ['-ca', server.caFile]),
  ];
  const client = spawn(run.program, ['-row', run.row, ...place, ...run.flags], {
    env: { PATH: process.env['PATH'], BENCH_PASSWORD: server.password },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = text(client.stderr);
  const marks: { cpu: CpuSeconds; atUs: number }[] = [];
  let figures: ClientFigures | undefined;
  const lines = createInterface({ input: client.stdout });
  lines.on('line', (line) => {
    const printed = JSON.parse(line) as { event?: string } & ClientFigures;
    if (printed.event === undefined) figures = printed;
    else marks.push({ cpu: cpuSecondsOf(server.pid), atUs: Number(process.hrtime.bigint() / 1000n) });
  });
  const [code] = (await once(client, 'close')) as [number | null];
  const [begin, end] = marks;
  if (code !== 0 || figures === undefined || begin === undefined || end === undefined) {
    throw new Error(
      `${server.kind}: ${(await errors).trim()}\nThe server's log ends with:\n${tail(server.logTail(), 5)}`,
    );
  }
  return {
    ...figures,
    serverCpu: { user: end.cpu.user - begin.cpu.user, system: end.cpu.system - begin.cpu.system },
    windowUs: [begin.atUs, end.atUs],
  };
}

export type Metric = 'opsPerSecond' | 'bytesPerSecond' | 'cpuSecondsPerGiB' | 'cpuSecondsPerOp';

export function metricOf(metric: Metric, measured: Measurement): number {
  switch (metric) {
    case 'opsPerSecond':
      return measured.ops / measured.seconds;
    case 'bytesPerSecond':
      return measured.bytes / measured.seconds;
    case 'cpuSecondsPerGiB':
      return cpuSum(measured.serverCpu) / (measured.bytes / 1024 ** 3);
    case 'cpuSecondsPerOp':
      return cpuSum(measured.serverCpu) / measured.ops;
  }
}

/** `1.2 + 0.3 s`: user and system time. */
export const cpuText = ({ user, system }: CpuSeconds): string => `${user.toFixed(2)} + ${system.toFixed(2)}`;

const cpuSum = ({ user, system }: CpuSeconds): number => user + system;
