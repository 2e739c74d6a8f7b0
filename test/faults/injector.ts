import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A thread of the server: the one that does the file system's work, the one that writes, the one that serves. */
export type ThreadRole = 'pool' | 'writer' | 'serving';

export interface Injection {
  readonly role: ThreadRole;
  readonly syscall: string;
  /** As strace takes it: `signal=SIGKILL`, `error=EIO`, … Absent: calls are only watched. */
  readonly fault: string;
  /** Which of the thread's calls: 1 is the first after now. */
  readonly when: number;
}

/** A call that strace saw. */
export interface TracedCall {
  /** Its number; empty where only one is traced. */
  readonly thread: string;
  /** Milliseconds since the epoch, when it began. */
  readonly atMs: number;
  readonly text: string;
  readonly isInjected: boolean;
}

/** With one thread in the pool, its k-th call is the process's k-th. */
export const onePoolThread = { UV_THREADPOOL_SIZE: '1' };

/** Arms one fault in a running server, from outside. */
export function inject(pid: number, injection: Injection, logFile: string): Promise<Trace> {
  const { role, syscall, fault, when } = injection;
  return trace({
    threads: [threadsOf(pid)[role]],
    logFile,
    words: ['-e', `trace=${syscall}`, '-e', `inject=${syscall}:${fault}:when=${when}`],
  });
}

export interface Trace {
  /** Lets go of the server, if it still runs, and tells what was seen. */
  end(): Promise<TracedCall[]>;
}

/** Traces threads; resolves when strace holds them. */
export async function trace(options: {
  readonly threads: readonly number[];
  readonly words: readonly string[];
  readonly logFile: string;
}): Promise<Trace> {
  const attached = options.threads.flatMap((thread) => ['-p', String(thread)]);
  const child = spawn('strace', ['-ttt', '-y', '-o', options.logFile, ...options.words, ...attached], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await attachedTo(child, options.threads.length);
  const ended = once(child, 'exit');
  return {
    async end() {
      child.kill('SIGINT');
      await ended;
      return readFileSync(options.logFile, 'utf8').split('\n').flatMap(tracedCall);
    },
  };
}

async function attachedTo(child: ChildProcess, threads: number): Promise<void> {
  let told = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      told += part;
      if (told.split(' attached').length > threads) resolve();
    });
    child.once('exit', () => reject(new Error(`strace ended: ${told}`)));
    child.once('error', reject);
  });
}

/** `[pid] seconds.micros call(…) = result`; several threads have their number in front. */
function tracedCall(line: string): TracedCall[] {
  const match = /^(?:(\d+) +)?(\d+\.\d+) (.*)$/.exec(line);
  if (match === null) return [];
  const [, thread = '', seconds = '', text = ''] = match;
  return [{ thread, atMs: Number(seconds) * 1000, text, isInjected: text.includes('(INJECTED)') }];
}

/** The numbers of a server's threads; it has one serving thread and one pool thread, and has begun with the writer. */
export function threadsOf(pid: number): Record<ThreadRole, number> {
  const threads = readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .sort((a, b) => a - b)
    .map((thread) => ({ thread, name: nameOf(pid, thread) }));
  const called = (name: string): number[] =>
    threads.filter((one) => one.name === name).map(({ thread }) => thread);
  const [pool, ...morePool] = called('libuv-worker');
  const [writer, serving] = called('WorkerThread');
  if (pool === undefined || morePool.length > 0 || writer === undefined || serving === undefined)
    throw new Error(`Not the threads of a server: ${JSON.stringify(threads)}`);
  return { pool, writer, serving };
}

function nameOf(pid: number, thread: number): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim();
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
