import { readdirSync, readFileSync } from 'node:fs';

/** Whether this system shows the descriptors and the memory of other processes. */
export const hasFigures = process.platform === 'linux';

/** The number of descriptors that a process has open. */
export const openDescriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Bytes of memory that a process holds. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}
