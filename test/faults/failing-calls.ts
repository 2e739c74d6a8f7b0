import { join } from 'node:path';
import { scratchFolder } from '../process/scratch-folder.ts';
import { Survival, type Survived } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { type Injection, inject, onePoolThread, type TracedCall } from './injector.ts';
import type { LaunchedServer } from './launched-server.ts';
import type { Operation } from './ledger.ts';
import { workByScript } from './scripted-work.ts';
import { endedSoon } from './step-crashes.ts';

/**
 * What a server does when a call fails. `ends`: it kills itself, for nothing that it would say could be trusted.
 * `refuses`: the request fails and the server goes on. `retries`: the call is made again and nobody notices.
 * `has-done-it`: nobody needs the call, since its work was done before.
 */
export type Reaction = 'ends' | 'refuses' | 'retries' | 'has-done-it';

export interface FailingCall extends Pick<Injection, 'role' | 'syscall'> {
  readonly error: string;
  readonly reaction: Reaction;
}

const object = (syscall: string, error: string, reaction: Reaction = 'refuses'): FailingCall => ({
  role: 'pool',
  syscall,
  error,
  reaction,
});
const database = (syscall: string, error: string, reaction: Reaction): FailingCall => ({
  role: 'writer',
  syscall,
  error,
  reaction,
});

/**
 * By hand, from the rules: a failed sync is never tried again; an I/O error of the database ends the process, a full
 * disk does not; a call that a signal interrupted has done nothing and is made again (SQLite makes no sync again). A
 * thread that only reads the database acknowledges nothing by it: its request fails, and the server goes on.
 */
export const failingCalls: readonly FailingCall[] = [
  object('fdatasync', 'EIO'),
  object('fdatasync', 'ENOSPC'),
  object('fdatasync', 'EINTR', 'retries'),
  object('fsync', 'EIO'),
  object('pwritev', 'EIO'),
  object('pwritev', 'ENOSPC'),
  object('pwritev', 'EDQUOT'),
  object('pwritev', 'EINTR', 'retries'),
  object('openat', 'ENOSPC'),
  object('openat', 'EMFILE'),
  object('unlink', 'EIO'),
  database('fsync', 'EIO', 'ends'),
  database('fsync', 'EINTR', 'ends'),
  database('pwrite64', 'EIO', 'ends'),
  database('pwrite64', 'EDQUOT', 'ends'),
  database('pwrite64', 'ENOSPC', 'refuses'),
  database('pwrite64', 'EINTR', 'retries'),
  database('pread64', 'EIO', 'ends'),
  { role: 'serving', syscall: 'pread64', error: 'EIO', reaction: 'refuses' },
];

export interface FailCalls {
  readonly deployment: Deployment;
  readonly project?: string;
  readonly calls: readonly FailingCall[];
  /** At most so many faults of each kind; fewer when the work makes no more such calls. */
  readonly faultsEachMax: number;
  readonly stride: number;
}

/** Lets the k-th call of each kind fail, for k = 1 and on, and asks the oracle after each. */
export async function failCalls(options: FailCalls): Promise<Survived> {
  const { deployment, project } = options;
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  await deployment.copyTo(data);
  const launch = { data, project, environment: onePoolThread };
  const survival = new Survival({ launch, deployment, scratch: folder.path });
  let faults = 0;
  let wasHit = false;
  let server = survival.start();
  try {
    for (const { call, when, isFirst } of planOf(options)) {
      // The work makes no more such calls.
      if (!isFirst && !wasHit) continue;
      const round = { survival, server, call, when, logFile: join(folder.path, 'strace.log') };
      const { isHit, flaws: reactionFlaws } = await failOnce(round);
      wasHit = isHit;
      // The list would not fit the server any more.
      if (isFirst && !isHit) reactionFlaws.push('the work makes no such call');
      if (isHit) faults += 1;
      await server.kill();
      const recovered = await survival.recover();
      server = recovered.server;
      const flaws = [...reactionFlaws, ...recovered.verdict.flaws].map(
        (flaw) => `${call.error} from ${call.syscall} ${when} of the ${call.role} thread: ${flaw}`,
      );
      if (flaws.length > 0) return survival.survived(flaws);
    }
    return { ...survival.survived([]), crashes: faults };
  } finally {
    await server.kill();
  }
}

function planOf({ calls, faultsEachMax, stride }: FailCalls) {
  return calls.flatMap((call) =>
    Array.from({ length: faultsEachMax }, (_, index) => ({
      call,
      when: 1 + index * stride,
      isFirst: index === 0,
    })),
  );
}

interface Round {
  readonly survival: Survival;
  readonly server: LaunchedServer;
  readonly call: FailingCall;
  readonly when: number;
  readonly logFile: string;
}

async function failOnce(round: Round): Promise<{ isHit: boolean; flaws: string[] }> {
  const { survival, server, call, when, logFile } = round;
  await survival.begin(server);
  const { role, syscall, error } = call;
  const armed = await inject(server.pid, { role, syscall, fault: `error=${error}`, when }, logFile);
  await workByScript(survival.driver);
  const hasEnded = await endedSoon(server.ended);
  const failed = (await armed.end()).filter(({ isInjected }) => isInjected);
  const isHit = failed.length > 0;
  const flaws = isHit ? await reactionFlaws({ round, hasEnded, failed }) : [];
  if (!hasEnded) await workByScript(survival.driver);
  if (!hasEnded && isHit) flaws.push(...recoveryFlaws(survival.operations()));
  return { isHit, flaws };
}

async function reactionFlaws(seen: {
  readonly round: Round;
  readonly hasEnded: boolean;
  readonly failed: readonly TracedCall[];
}): Promise<string[]> {
  const { round, hasEnded, failed } = seen;
  const reaction = reactionTo(round.call, failed);
  const flaws: string[] = [];
  if (hasEnded !== (reaction === 'ends'))
    flaws.push(`the server ${hasEnded ? 'ended' : 'went on'}, though it ${reaction}`);
  if (hasEnded) {
    const { signal, code } = await round.server.ended;
    if (signal !== 'SIGKILL') flaws.push(`the server ended by ${signal ?? code}: a tidy end checkpoints`);
  }
  if (reaction === 'retries' || reaction === 'has-done-it') return flaws;
  const wrong = operationsDuring(round.survival.operations(), failed).filter(
    ({ outcome }) => outcome === 'acknowledged',
  );
  return [
    ...flaws,
    ...wrong.map(({ request }) => `${request} was acknowledged all the same`),
    ...(round.call.role === 'serving' ? bugsAmong(round.survival.operations()) : []),
  ];
}

/** A database that can't be read is a failure of the world, which is 503; a bug of ours would be 500. */
function bugsAmong(operations: readonly Operation[]): string[] {
  return operations
    .filter(({ status }) => status === 500)
    .map(({ request }) => `${request} was answered with 500, as if it were a bug`);
}

/**
 * With the first sync of its log after a start SQLite syncs the log's folder too, and ignores it when that fails. The
 * start has done it already, after the log was made: the syncs of a start that fail show that, and the planted bug
 * beside them.
 */
function reactionTo(call: FailingCall, failed: readonly TracedCall[]): Reaction {
  const isOfFolder = failed.every(({ text }) => /^fsync\(\d+<[^>]*\/data>/.test(text));
  return call.role === 'writer' && isOfFolder ? 'has-done-it' : call.reaction;
}

/** The requests that were under way when a call failed; there is one client, so it is theirs. */
function operationsDuring(operations: readonly Operation[], failed: readonly TracedCall[]): Operation[] {
  return operations.filter(({ startMs, endMs }) =>
    failed.some(({ atMs }) => {
      const at = atMs - performance.timeOrigin;
      return startMs <= at && at <= endMs;
    }),
  );
}

/** The script ran twice: what a fault of the first run broke must be whole in the second. */
function recoveryFlaws(operations: readonly Operation[]): string[] {
  const second = operations.slice(Math.ceil(operations.length * 0.6));
  return second
    .filter(({ outcome }) => outcome === 'unknown')
    .map(({ request, status }) => `${request} failed with ${status} after the fault was over`);
}
