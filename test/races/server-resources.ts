import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Patch } from '../process/patched-source.ts';
import type { ServerProcess } from '../process/server-process.ts';

/** Open descriptors of a process. */
export interface Descriptors {
  readonly sockets: number;
  /** Objects that are open for reading: some are kept open on purpose. */
  readonly objectsRead: number;
  readonly objectsWritten: number;
  readonly others: number;
}

/** Looks into /proc; what is closed meanwhile is not counted. */
export async function descriptorsOf(pid: number): Promise<Descriptors> {
  const folder = `/proc/${pid}/fd`;
  const counts = { sockets: 0, objectsRead: 0, objectsWritten: 0, others: 0 };
  for (const name of await readdir(folder)) {
    const target = await readlink(join(folder, name)).catch(() => '');
    const info = await readFile(`/proc/${pid}/fdinfo/${name}`, 'utf8').catch(() => '');
    const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? '0', 8);
    if (target === '') continue;
    if (target.startsWith('socket:')) counts.sockets += 1;
    else if (!/\/blobs\/[0-9a-f]{2}\/[0-9a-f]{32}/.test(target)) counts.others += 1;
    else if ((flags & 3) === 0) counts.objectsRead += 1;
    else counts.objectsWritten += 1;
  }
  return counts;
}

/** No bug: each serving thread tells by and by how many timers are running in it. */
export const tellsTimers: Patch = {
  file: 'packages/server/src/threads/serving-thread.ts',
  replace: [
    [
      'const metrics = createThreadMetrics();',
      `const metrics = createThreadMetrics();
    const tell = () => {
      const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
      process.stderr.write(\`timers \${data.name} \${timers}\\n\`);
    };
    setInterval(tell, 200).unref();`,
    ],
  ],
};

/** Timers that run in all serving threads, as they have told last. */
export function timersOf(server: ServerProcess): number {
  const last = new Map<string, number>();
  for (const [, thread, timers] of server.stderr().matchAll(/^timers (\S+) (\d+)$/gm))
    last.set(thread ?? '', Number(timers));
  return [...last.values()].reduce((sum, timers) => sum + timers, 0);
}
