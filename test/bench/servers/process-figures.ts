import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of /proc a second: Linux has shown 100 to programs on every machine for decades. */
const ticksPerSecond = 100;

/** Seconds of processor time. */
export interface CpuSeconds {
  readonly user: number;
  /** In the kernel. */
  readonly system: number;
}

/** What a process and its descendants have used, those that have ended included. */
export function cpuSecondsOf(pid: number): CpuSeconds {
  const all = readProcesses();
  let [user, system] = [0, 0];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const found = all.get(next);
    if (found === undefined) continue;
    user += found.user;
    system += found.system;
    for (const [child, { parent }] of all) if (parent === next) queue.push(child);
  }
  return { user: user / ticksPerSecond, system: system / ticksPerSecond };
}

/** The most memory that a process has had resident (VmHWM), shared memory that it touched included. */
export function memoryPeakBytesOf(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`/proc/${pid}/status has no VmHWM.`);
  return Number(match[1]) * 1024;
}

interface ProcessFacts {
  readonly parent: number;
  /** Ticks, those of children that have ended included. */
  readonly user: number;
  readonly system: number;
}

function readProcesses(): Map<number, ProcessFacts> {
  const found = new Map<number, ProcessFacts>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const facts = readStat(name);
    if (facts !== undefined) found.set(Number(name), facts);
  }
  return found;
}

/** proc(5): after `pid (name) state` come ppid, …, utime, stime, cutime, cstime as fields 4 and 14 to 17. */
function readStat(pid: string): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return { parent: field(4), user: field(14) + field(16), system: field(15) + field(17) };
  } catch {
    // A process may end while the folder is read.
    return undefined;
  }
}
