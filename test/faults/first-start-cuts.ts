import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PushedImage, RegistryClient } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import type { Survived } from './crash-loop.ts';
import { firstPassword, type LaunchedServer, launchServer } from './launched-server.ts';
import { LoopFilesystem } from './loop-filesystem.ts';
import { whileStandingStill } from './while-standing-still.ts';
import { between } from './workload.ts';

/** What was true before the cut, as far as somebody could know. */
interface Known {
  /** The root key, once the server had said that it listens. */
  readonly rootKey: string | undefined;
  readonly pushed: PushedImage | undefined;
}

/**
 * Cuts the power while a server starts for the first time on an empty disk, and soon after. The next start has to make
 * up for it without anybody's help, and what was announced by then, the root key and an image, must be the same.
 */
export async function cutPowerAtFirstStart(options: {
  readonly project?: string;
  readonly isDone: (cuts: number) => boolean;
}): Promise<Survived> {
  let recoveryMsMax = 0;
  let acknowledged = 0;
  let startMs = 1500;
  for (let cuts = 1; ; cuts += 1) {
    await using folder = await scratchFolder();
    await using disk = await LoopFilesystem.create(folder.path);
    const launch = { data: join(disk.folder, 'data'), project: options.project };
    const known = await startAndCut(launchServer(launch), disk, between(startMs * 0.2, startMs * 1.8));
    if (known.pushed !== undefined) acknowledged += 1;
    const startedAt = performance.now();
    await using server = launchServer(launch);
    const flaws = await flawsAfter(server, known);
    startMs = performance.now() - startedAt;
    recoveryMsMax = Math.max(recoveryMsMax, Math.round(startMs));
    if (flaws.length > 0 || options.isDone(cuts))
      return { crashes: cuts, acknowledged, unknown: 0, unknownApplied: 0, recoveryMsMax, flaws };
  }
}

async function startAndCut(server: LaunchedServer, disk: LoopFilesystem, afterMs: number): Promise<Known> {
  let rootKey: string | undefined;
  let pushed: PushedImage | undefined;
  const using = (async () => {
    const client = adminAt(await server.listening);
    rootKey = await readFile(join(server.data, 'keys', 'root.key'), 'utf8');
    pushed = await client.pushImage('app', 'v1', { layer: Buffer.alloc(100_000, 'a') });
  })().catch(() => undefined);
  await sleep(afterMs);
  await whileStandingStill(server.pid, () => disk.cutPower());
  await server.kill();
  await using;
  await disk.mountAgain();
  return { rootKey, pushed };
}

async function flawsAfter(server: LaunchedServer, known: Known): Promise<string[]> {
  const url = await server.listening.catch((error: unknown) => String(error));
  if (!url.startsWith('http')) return [url];
  const client = adminAt(url);
  const { status } = await client.get('/v2/');
  const flaws = status === 200 ? [] : [`the first password is answered with ${status}`];
  const rootKey = await readFile(join(server.data, 'keys', 'root.key'), 'utf8');
  if (known.rootKey !== undefined && known.rootKey !== rootKey) flaws.push('there is another root key');
  return known.pushed === undefined ? flaws : [...flaws, ...(await client.flawsOf(known.pushed))];
}

const adminAt = (url: string): RegistryClient =>
  new RegistryClient({ url }, { user: 'cerulean', password: firstPassword });
