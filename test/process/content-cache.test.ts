/**
 * What is proven: two serving threads send blobs of two registries out of one tiny cache to clients that read slowly,
 * ask for much at once and break off, and every byte that comes is right; afterwards nothing is pinned, also when a
 * thread died in the middle. The twins show that it would be seen: a page that is freed although it is being sent
 * brings wrong bytes, and responses that stand in line and give nothing back when they close leave pins.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ExpectedBlob, type PullResult, pullChecked } from './checked-pulls.ts';
import { eventually } from './eventually.ts';
import { call } from './http-call.ts';
import { inspectable, runInThread } from './inspected-server.ts';
import { type Credentials, operateJson, passwordIn } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { servesAllAtOnce } from './serves-all-at-once.ts';

const MiB = 1024 * 1024;
const freesWhatIsPinned: Patch = {
  file: 'packages/server/src/storage/cache/content-cache.ts',
  replace: [['slots.isPinned(slot) || ', '']],
};
const forgetsAtClose: Patch = {
  file: 'packages/server/src/http/lean/send-pieces.ts',
  replace: [['for (const piece of lent) giveBack(lent, piece);', '']],
};
test('every byte out of a tiny cache is right, whoever reads slowly or breaks off, and no pin is left', async () => {
  const { pulls, pinned, hits } = await pullFromTinyCache({});
  expect(sum(pulls, 'wrongBytes')).toBe(0);
  expect(pulls.filter(({ broken }) => broken)).toEqual([]);
  expect(pinned).toBe(0);
  // The cache was used, or nothing would be proven.
  expect(hits).toBeGreaterThan(1000);
  expect(sum(pulls, 'bytesChecked')).toBeGreaterThan(200 * MiB);
}, 240_000);

test('a thread that dies while it sends leaves no pin and no wrong byte', async () => {
  const { pulls, pinned } = await pullFromTinyCache({ killThread: true });
  expect(sum(pulls, 'wrongBytes')).toBe(0);
  expect(pinned).toBe(0);
  expect(pulls.some(({ broken }) => broken)).toBe(true);
}, 240_000);

test('planted bug: pages freed while they are sent bring wrong bytes', async () => {
  const { pulls } = await withPatchedSource(freesWhatIsPinned, (project) => pullFromTinyCache({ project }));
  expect(sum(pulls, 'wrongBytes')).toBeGreaterThan(0);
}, 240_000);

test('planted bug: what is not given back at the close of a response stays pinned', async () => {
  const { pinned } = await withPatchedSource([forgetsAtClose, servesAllAtOnce], (project) =>
    pullFromTinyCache({ project }),
  );
  expect(pinned).toBeGreaterThan(0);
}, 240_000);

const sum = (pulls: readonly PullResult[], what: 'wrongBytes' | 'bytesChecked'): number =>
  pulls.reduce((total, pull) => total + pull[what], 0);

async function pullFromTinyCache(options: { readonly project?: string; readonly killThread?: boolean }) {
  await using folder = await scratchFolder();
  await using server = await startServer({
    data: join(folder.path, 'data'),
    args: ['--workers', '2', '--cache-memory', '16MiB'],
    nodeArgs: options.killThread === true ? inspectable : [],
    ...(options.project === undefined ? {} : { project: options.project }),
  });
  const blobs = await blobsOfTwoRegistries(server);
  const running = Promise.all(
    Array.from({ length: 8 }, (_, client) => pullAgainAndAgain(server.port, blobs, client)),
  );
  if (options.killThread === true) {
    await eventually(async () => expect((await cachePages(server)).pinned).toBeGreaterThan(0));
    await runInThread(server, 'serving-thread', 'process.exit(3)');
  }
  const pulls = (await running).flat();
  let left = await cachePages(server);
  // Connections that were broken off are noticed a little later.
  for (let look = 0; look < 50 && left.pinned > 0; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = await cachePages(server);
  }
  return { pulls, ...left };
}

/** Three blobs of 7 MiB in each registry: as large as may enter, and together far more than the cache holds. */
async function blobsOfTwoRegistries(server: ServerProcess): Promise<ExpectedBlob[]> {
  await operateJson(server, 'registry', 'create', 'second', '--admin-user', 'on');
  const credentials = await operateJson<Credentials>(server, 'credentials', 'show', 'second');
  const second = new RegistryClient(server, {
    user: 'second',
    password: passwordIn(credentials, 'password'),
    host: 'second.azurecr.localhost',
  });
  const blobs: ExpectedBlob[] = [];
  for (const client of [adminOf(server), second]) {
    for (let blob = 0; blob < 3; blob += 1) {
      const bytes = randomBytes(7 * MiB - blob * 1000);
      const path = `/v2/app/blobs/${await client.pushBlob('app', bytes)}`;
      const host = client.host ?? '127.0.0.1';
      blobs.push({ path, bytes, headers: { host, authorization: client.authorization ?? '' } });
    }
  }
  return blobs;
}

/** Five connections one after the other, three blobs on each: every second client is slow, every third breaks off. */
async function pullAgainAndAgain(
  port: number,
  blobs: readonly ExpectedBlob[],
  client: number,
): Promise<PullResult[]> {
  const results: PullResult[] = [];
  for (let round = 0; round < 5; round += 1) {
    const asked = [0, 1, 2].map((next) => blobs[(client + round + next * 2) % blobs.length] as ExpectedBlob);
    const breaksOff = client % 3 === 2;
    results.push(
      await pullChecked({
        port,
        blobs: asked,
        pauseMs: client % 2 === 1 ? 300 : 0,
        ...(breaksOff ? { giveUpAfterBytes: (1 + round * 3) * MiB } : {}),
      }),
    );
  }
  return results;
}

async function cachePages(server: ServerProcess): Promise<{ pinned: number; hits: number }> {
  const { text } = await call({ url: `${server.url}/metrics` });
  const value = (name: string): number =>
    Number(new RegExp(`^cerulean_content_cache_${name} (\\d+)$`, 'm').exec(text)?.[1]);
  return { pinned: value('pages\\{state="pinned"\\}'), hits: value('pages_total\\{outcome="hits"\\}') };
}
