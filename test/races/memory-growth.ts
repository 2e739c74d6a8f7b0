import { residentBytes } from '../process/process-figures.ts';

/** How much more memory than before a process held at most while the work went on. */
export async function growthDuring<Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly growthBytes: number }> {
  const before = residentBytes(pid);
  let most = before;
  const look = setInterval(() => {
    most = Math.max(most, residentBytes(pid));
  }, 50);
  const result = await work().finally(() => clearInterval(look));
  return { result, growthBytes: most - before };
}
