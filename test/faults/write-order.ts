import { dirname, join } from 'node:path';
import { scratchFolder } from '../process/scratch-folder.ts';
import { Survival } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { onePoolThread, type TracedCall, threadsOf, trace } from './injector.ts';
import { workByScript } from './scripted-work.ts';

export interface WriteOrder {
  readonly acknowledgements: number;
  readonly objects: number;
  /** Acknowledgements that came before what they promise was durable. */
  readonly flaws: readonly string[];
}

/** Watches every call between the first byte of an object and the answer, while one client does everything once. */
export async function watchWriteOrder(options: {
  readonly deployment: Deployment;
  readonly project?: string;
}): Promise<WriteOrder> {
  const { deployment, project } = options;
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  await deployment.copyTo(data);
  const launch = { data, project, environment: onePoolThread };
  const survival = new Survival({ launch, deployment, scratch: folder.path });
  await using server = survival.start();
  await survival.begin(server);
  const traced = await trace({
    threads: Object.values(threadsOf(server.pid)),
    words: ['-s', '64', '-e', 'trace=openat,pwritev,pwrite64,fdatasync,fsync,unlink,write,writev'],
    logFile: join(folder.path, 'strace.log'),
  });
  await workByScript(survival.driver);
  const order = orderOf(await traced.end());
  survival.survived([]);
  return order;
}

/**
 * One client waits for each answer before it asks again, so everything that was begun before an acknowledgement
 * belongs to it or to an earlier one: objects without their bytes or their name on the disk, and a log without a sync
 * since it was last written, are flaws.
 */
function orderOf(calls: readonly TracedCall[]): WriteOrder {
  const unsyncedBytes = new Set<string>();
  const unsyncedNames = new Set<string>();
  let isLogUnsynced = false;
  const counts = { acknowledgements: 0, objects: 0 };
  const flaws: string[] = [];
  for (const text of wholeCalls(calls)) {
    const call = parseCall(text);
    if (call === undefined) continue;
    const { name, path } = call;
    const isObject = /\/blobs\/[0-9a-f]{2}\/[0-9a-f]{32}$/.test(path);
    const isLog = path.endsWith('/cerulean.db-wal');
    if (name === 'openat' && isObject && text.includes('O_CREAT')) {
      unsyncedNames.add(path);
      counts.objects += 1;
    } else if (name === 'pwritev' && isObject) unsyncedBytes.add(path);
    else if (name === 'fdatasync' && isObject) unsyncedBytes.delete(path);
    else if (name === 'fsync' && isLog) isLogUnsynced = false;
    else if (name === 'fsync') forget(unsyncedNames, (object) => dirname(object) === path);
    else if (name === 'pwrite64' && isLog) isLogUnsynced = true;
    else if (name === 'unlink') forget(unsyncedNames, (object) => text.includes(object), unsyncedBytes);
    else if (isAnswer(text)) {
      counts.acknowledgements += 1;
      for (const object of unsyncedBytes)
        flaws.push(`acknowledged before the bytes of ${object} were synced`);
      for (const object of unsyncedNames) flaws.push(`acknowledged before the name of ${object} was synced`);
      if (isLogUnsynced) flaws.push('acknowledged before the log of the database was synced');
    }
  }
  return { ...counts, flaws };
}

/**
 * A call that another thread's came between is written in two halves, and only the first has the path. It is whole where
 * it ends, which is when a sync is done; but an answer leaves when its call begins.
 */
function* wholeCalls(calls: readonly TracedCall[]): Generator<string> {
  const begun = new Map<string, string>();
  for (const { thread, text } of calls) {
    const [, beginning] = /^(.*?) *<unfinished \.\.\.>$/.exec(text) ?? [];
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(text) ?? [];
    if (beginning !== undefined && isAnswer(beginning)) yield beginning;
    else if (beginning !== undefined) begun.set(thread, beginning);
    else if (end === undefined) yield text;
    else {
      const whole = begun.get(thread);
      begun.delete(thread);
      if (whole !== undefined) yield whole + end;
    }
  }
}

const isAnswer = (text: string): boolean => /HTTP\/1\.1 20[1-2] /.test(text);

/** `fsync(23</path>) = 0`, and of `openat` the path of what was opened. Calls that failed are none. */
function parseCall(text: string): { name: string; path: string } | undefined {
  const name = /^(\w+)\(/.exec(text)?.[1];
  if (name === undefined || / = -1 /.test(text)) return undefined;
  const path = name === 'openat' ? /= \d+<([^>]*)>$/.exec(text)?.[1] : /^\w+\(\d+<([^>]*)>/.exec(text)?.[1];
  return { name, path: path ?? '' };
}

function forget(objects: Set<string>, isMeant: (object: string) => boolean, also?: Set<string>): void {
  for (const object of objects) {
    if (!isMeant(object)) continue;
    objects.delete(object);
    also?.delete(object);
  }
}
