import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratchFolder } from '../process/scratch-folder.ts';
import { runCommand } from '../tools/run-command.ts';
import { Survival, type Survived } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { inject, onePoolThread, type ThreadRole } from './injector.ts';
import type { LaunchedServer } from './launched-server.ts';
import { LoopFilesystem } from './loop-filesystem.ts';
import { workByScript } from './scripted-work.ts';

/** A kind of step: a system call of a thread. */
export interface Step {
  readonly role: ThreadRole;
  readonly syscall: string;
}

/** Everything that writing consists of: objects and their names, the log of the database, the answers. */
export const steps: readonly Step[] = [
  { role: 'pool', syscall: 'openat' },
  { role: 'pool', syscall: 'pwritev' },
  { role: 'pool', syscall: 'fdatasync' },
  { role: 'pool', syscall: 'fsync' },
  { role: 'pool', syscall: 'unlink' },
  { role: 'writer', syscall: 'pwrite64' },
  { role: 'writer', syscall: 'fsync' },
  { role: 'serving', syscall: 'write' },
];

export interface StepCrashes {
  readonly deployment: Deployment;
  readonly project?: string;
  readonly steps: readonly Step[];
  /** At most so many crashes at one kind of step; fewer when the work has no more of them. */
  readonly eachMax: number;
  /** From one crash to the next at a kind of step: 1 crashes at every one. */
  readonly stride: number;
}

/** What was survived, and how often at each kind of step. */
export type SurvivedSteps = Survived & { readonly hits: ReadonlyMap<string, number> };

/** Kills the server before the k-th step of each kind, for k = 1 and on, until the work has no such step any more. */
export async function killAtSteps(options: StepCrashes): Promise<SurvivedSteps> {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  return await crashAtSteps(options, {
    scratch: folder.path,
    data,
    signal: 'SIGKILL',
    isHit: async (server, working) => {
      await working;
      return endedSoon(server.ended);
    },
    crash: async () => undefined,
  });
}

/** Stops the server after the k-th step of each kind, cuts the power while it stands still, and ends it. */
export async function cutPowerAtSteps(options: StepCrashes): Promise<SurvivedSteps> {
  await using folder = await scratchFolder();
  await using disk = await LoopFilesystem.create(folder.path);
  return await crashAtSteps(options, {
    scratch: folder.path,
    data: join(disk.folder, 'data'),
    signal: 'SIGSTOP',
    isHit: (server, working) => isStoppedBefore(working, server.pid),
    crash: async (server) => {
      await disk.cutPower();
      await server.kill();
      await disk.mountAgain();
    },
  });
}

/** How a server is brought down at a step. */
interface Crash {
  readonly scratch: string;
  readonly data: string;
  /** What the thread gets at the step. */
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** Was the step met? Resolves false when the work ended without it. */
  isHit(server: LaunchedServer, working: Promise<void>): Promise<boolean>;
  /** Ends the server, after which its folder can be started from again. */
  crash(server: LaunchedServer): Promise<void>;
}

async function crashAtSteps(options: StepCrashes, how: Crash): Promise<SurvivedSteps> {
  const { deployment, project, eachMax, stride } = options;
  const { data, scratch } = how;
  await deployment.copyTo(data);
  await runCommand('sync', ['-f', data]);
  const survival = new Survival({
    launch: { data, project, environment: onePoolThread },
    deployment,
    scratch,
  });
  const hits = new Map<string, number>();
  let server = survival.start();
  try {
    await survival.begin(server);
    for (const { step, when } of plan(options.steps, eachMax, stride)) {
      const name = `${step.role} ${step.syscall}`;
      // The work had no such step any more.
      if (when > 1 + (hits.get(name) ?? 0) * stride) continue;
      if (!(await crashOnce(how, { survival, server, step, when }))) continue;
      hits.set(name, (hits.get(name) ?? 0) + 1);
      const recovered = await survival.recover();
      server = recovered.server;
      const flaws = recovered.verdict.flaws.map((flaw) => `${how.signal} at ${name} ${when}: ${flaw}`);
      if (flaws.length > 0) return { ...survival.survived(flaws), hits };
      await survival.begin(server);
    }
    await server.kill();
    const last = await survival.recover('all');
    server = last.server;
    const crashes = [...hits.values()].reduce((sum, count) => sum + count, 0);
    return { ...survival.survived(last.verdict.flaws), crashes, hits };
  } finally {
    await server.kill();
  }
}

function plan(kinds: readonly Step[], eachMax: number, stride: number): { step: Step; when: number }[] {
  return kinds.flatMap((step) =>
    Array.from({ length: eachMax }, (_, index) => ({ step, when: 1 + index * stride })),
  );
}

async function crashOnce(
  how: Crash,
  at: {
    readonly survival: Survival;
    readonly server: LaunchedServer;
    readonly step: Step;
    readonly when: number;
  },
): Promise<boolean> {
  const { survival, server, step, when } = at;
  const injection = { ...step, fault: `signal=${how.signal}`, when };
  const armed = await inject(server.pid, injection, join(how.scratch, 'strace.log'));
  const working = workByScript(survival.driver);
  const isHit = await how.isHit(server, working);
  if (isHit) await how.crash(server);
  await working;
  await armed.end();
  return isHit;
}

/** A server that was killed while its last answer was on the way is not waited for yet. */
export async function endedSoon(ended: Promise<unknown>): Promise<boolean> {
  const notYet = new Promise<false>((resolve) => setTimeout(resolve, 300, false));
  return await Promise.race([ended.then(() => true), notYet]);
}

async function isStoppedBefore(working: Promise<void>, pid: number): Promise<boolean> {
  let isOver = false;
  const over = working.finally(() => {
    isOver = true;
  });
  while (!isOver && !isStopped(pid)) await Promise.race([over, sleep(10)]);
  // The last step of the work may stop the server after its last answer.
  return isStopped(pid);
}

export function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('T') ?? false;
}
