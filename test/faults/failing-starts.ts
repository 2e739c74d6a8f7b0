import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from '../process/scratch-folder.ts';
import { Survival, type Survived } from './crash-loop.ts';
import type { Deployment } from './deployment.ts';
import { onePoolThread, type TracedCall, trace } from './injector.ts';
import { type LaunchedServer, launchServer } from './launched-server.ts';
import { workByScript } from './scripted-work.ts';

interface FailingStarts {
  readonly deployment: Deployment;
  readonly project?: string;
  /** The k-th sync of a thread fails, for k from this … */
  readonly firstSync?: number;
  /** … to this, or until no start makes so many. */
  readonly lastSync: number;
}

/** Lets syncs of a start fail that recovers from a kill: it ends, and the next one starts with everything there. */
export async function failRecoveringStarts(options: FailingStarts): Promise<Survived> {
  const { deployment, project, firstSync = 1, lastSync } = options;
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  await deployment.copyTo(data);
  const launch = { data, project, environment: onePoolThread };
  const survival = new Survival({ launch, deployment, scratch: folder.path });
  let server = survival.start();
  let faults = 0;
  try {
    for (let when = firstSync; when <= lastSync; when += 1) {
      await survival.begin(server);
      await workByScript(survival.driver);
      await server.kill();
      const { isHit, flaws } = await startWithFailingSync(survival.start(), when, folder.path);
      const recovered = await survival.recover();
      server = recovered.server;
      const all = [...flaws, ...recovered.verdict.flaws];
      if (all.length > 0) return survival.survived(all);
      if (!isHit) break;
      faults += 1;
    }
    return { ...survival.survived([]), crashes: faults };
  } finally {
    await server.kill();
  }
}

/** The same for the very first start of an empty folder: the next one makes up for what the first left. */
export async function failFirstStarts(options: Omit<FailingStarts, 'deployment'>): Promise<Survived> {
  const { project, firstSync = 1, lastSync } = options;
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  const launch = { data, project, environment: onePoolThread };
  const flaws: string[] = [];
  let faults = 0;
  let recoveryMsMax = 0;
  for (let when = firstSync; when <= lastSync && flaws.length === 0; when += 1) {
    await rm(data, { recursive: true, force: true });
    const failed = await startWithFailingSync(launchServer(launch), when, folder.path);
    flaws.push(...failed.flaws);
    if (!failed.isHit) break;
    faults += 1;
    const startedAt = performance.now();
    await using server = launchServer(launch);
    await server.listening.catch((error: unknown) => flaws.push(String(error)));
    recoveryMsMax = Math.max(recoveryMsMax, Math.round(performance.now() - startedAt));
  }
  return { crashes: faults, acknowledged: 0, unknown: 0, unknownApplied: 0, recoveryMsMax, flaws };
}

async function startWithFailingSync(
  server: LaunchedServer,
  when: number,
  scratch: string,
): Promise<{ isHit: boolean; flaws: string[] }> {
  // Node itself syncs nothing, so it is early enough to begin while it loads; threads to come are followed.
  const armed = await trace({
    threads: [server.pid],
    words: ['-f', '-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:error=EIO:when=${when}`],
    logFile: join(scratch, 'strace.log'),
  });
  const hasListened = await server.listening.then(
    () => true,
    () => false,
  );
  // Jobs write soon after a start, so a fault may come a little after it listens.
  const hasEnded = await endsWithin(server, hasListened ? settleMs : endMsMax);
  await server.kill();
  const calls = await armed.end();
  const failed = calls.filter(({ isInjected }) => isInjected);
  const isHit = failed.length > 0;
  if (hasEnded) return { isHit, flaws: isHit ? [] : ['the server ended, though nothing failed'] };
  const flaws = failed
    .filter((call) => !isMadeUpFor(call, calls))
    .map(({ text }) => `the server went on after this of its start: ${text}`);
  return { isHit, flaws };
}

/** How long a server that could not start may take to end, and how long its first jobs may take to fail. */
const endMsMax = 20_000;
const settleMs = 3_000;

/** SQLite ignores it when a folder can't be synced. That is well if somebody who does not has synced it later. */
function isMadeUpFor(failed: TracedCall, calls: readonly TracedCall[]): boolean {
  const folder = /<([^>]*\/data)>/.exec(failed.text)?.[1];
  if (folder === undefined) return false;
  return calls.some(
    ({ atMs, text }) => atMs > failed.atMs && text.includes(`<${folder}>`) && text.endsWith(' = 0'),
  );
}

async function endsWithin(server: LaunchedServer, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(late.resolve, ms, false);
  return await Promise.race([server.ended.then(() => true), late.promise]).finally(() => clearTimeout(timer));
}
