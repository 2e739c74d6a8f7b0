/**
 * Proves that a thousand clients at once are served, and that those who do harm among them (some read a KiB a second,
 * some go away in the middle of a body, some never ask, one floods) keep nobody from his work: every fair client gets
 * all its answers, all of them right, and the slowest falls no further behind than in a calm run. The server's memory
 * stays within its bound meanwhile, and afterwards its descriptors, its timers and its unfinished uploads are what they
 * were. The planted bug shows that the look at the memory sees a server that does not wait for slow clients.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../process/eventually.ts';
import { operateJson } from '../process/operator.ts';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf, expectStatus, type RegistryClient } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { servesAllAtOnce } from '../process/serves-all-at-once.ts';
import { emptyIndex, putIndex } from './empty-index.ts';
import {
  flood,
  goneInMidBody,
  type LoadedContent,
  neverAsks,
  readSlowly,
  runFairClients,
} from './load-clients.ts';
import { growthDuring } from './memory-growth.ts';
import type { Door } from './raw-client.ts';
import { descriptorsOf, tellsTimers, timersOf } from './server-resources.ts';
import { sized } from './test-size.ts';

const MiB = 1024 * 1024;
const cacheMiB = 64;
const largeBlobs = 6;
const largeBytes = 16 * MiB;

const crowd = { count: 780, requestsEach: sized({ ci: 12, full: 200 }) };
const slowReaders = 100;
const goneClients = 100;
const silentClients = 19;

/** A body on its way takes a piece that is worked on, the one before and the one behind it, 1 MiB each. */
const growthBytesMax = (cacheMiB + 3 * (slowReaders + goneClients)) * MiB;

interface Loaded {
  readonly server: ServerProcess;
  readonly admin: RegistryClient;
  readonly door: Door;
  readonly content: LoadedContent;
}

/** Runs a check on a server that has something to be pulled and is warm. */
async function withLoadedServer(
  patches: readonly Patch[],
  check: (loaded: Loaded) => Promise<void>,
): Promise<void> {
  await withPatchedSource([tellsTimers, ...patches], async (project) => {
    await using folder = await scratchFolder();
    const args = ['--workers', '2', '--cache-memory', `${cacheMiB}MiB`, '--log-level', 'warn'];
    await using server = await startServer({ data: folder.path, args, project });
    const admin = adminOf(server);
    const content = await loadContent(admin);
    const token = await admin.token(`repository:${content.repository}:pull,push`, '127.0.0.1');
    const door: Door = { port: server.port, authorization: `Bearer ${token}` };
    await runFairClients(door, content, { count: 50, requestsEach: 20 });
    for (const digest of content.largeDigests)
      expectStatus(await admin.getBlob(content.repository, digest), 200);
    await check({ server, admin, door, content });
    expect((await server.end()).code).toBe(0);
  });
}

async function loadContent(admin: RegistryClient): Promise<LoadedContent> {
  const repository = 'load/app';
  const index = emptyIndex({ purpose: 'to be pulled by a crowd' });
  await putIndex(admin, repository, { reference: 'latest', index });
  const smallDigest = await admin.pushBlob(repository, randomBytes(4096));
  const largeDigests: string[] = [];
  for (let blob = 0; blob < largeBlobs; blob += 1)
    largeDigests.push(await admin.pushBlob(repository, randomBytes(largeBytes)));
  return { repository, tag: 'latest', manifest: index.body, smallDigest, largeDigests };
}

interface Harm {
  /** Uploads whose clients have gone away. */
  readonly uploads: readonly string[];
  readonly floodAnswered: number;
}

/** Does harm until the work is done; the clients that go away go while it is under way. */
async function harmDuring<Result>(
  { door, content }: Loaded,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly harm: Harm }> {
  const { repository, tag } = content;
  const over = new AbortController();
  const slow = readAllSlowly({ door, content }, over.signal);
  const silent = Array.from({ length: silentClients }, () => neverAsks(door, over.signal));
  const gone = Array.from({ length: goneClients }, () => goneInMidBody(door, repository));
  const flooding = flood(door, `/v2/${repository}/manifests/${tag}`, over.signal);
  const result = await work().finally(() => over.abort());
  const uploads = await Promise.all(gone);
  await Promise.all([...slow, ...silent]);
  return { result, harm: { uploads, floodAnswered: await flooding } };
}

function readAllSlowly(
  { door, content }: Pick<Loaded, 'door' | 'content'>,
  over: AbortSignal,
): Promise<void>[] {
  return Array.from({ length: slowReaders }, (_, index) =>
    readSlowly(door, `/v2/${content.repository}/blobs/${content.largeDigests[index % largeBlobs]}`, over),
  );
}

const uploadsOf = async (server: ServerProcess): Promise<number> =>
  (await operateJson<{ uploadsUnfinished: number }>(server, 'status')).uploadsUnfinished;

test('a thousand clients are served, whatever some of them do, and leave nothing behind', async () => {
  await withLoadedServer([], async (loaded) => {
    const { server, admin, door, content } = loaded;
    await eventually(async () => expect((await descriptorsOf(server.pid)).objectsWritten).toBe(0));
    const { sockets, others } = await descriptorsOf(server.pid);
    const timers = timersOf(server);

    const calm = await runFairClients(door, content, crowd);
    const { result, growthBytes } = await growthDuring(server.pid, () =>
      harmDuring(loaded, () => runFairClients(door, content, crowd)),
    );
    const { result: harmed, harm } = result;
    console.log(
      `${crowd.count * crowd.requestsEach} fair answers; the slowest client at half time had ${calm.slowestAtHalf} ` +
        `calm, ${harmed.slowestAtHalf} harmed, of ${crowd.requestsEach}; the flood got ${harm.floodAnswered}; ` +
        `memory grew by ${Math.round(growthBytes / MiB)} MiB`,
    );
    expect(harmed.progress).toEqual(Array.from({ length: crowd.count }, () => crowd.requestsEach));
    expect(harmed.slowestAtHalf).toBeGreaterThanOrEqual(Math.floor(calm.slowestAtHalf / 2));
    expect(growthBytes).toBeLessThan(growthBytesMax);

    expect(harm.uploads).toHaveLength(goneClients);
    for (const upload of harm.uploads) expectStatus(await admin.call(upload, { method: 'DELETE' }), 204);
    await eventually(async () =>
      expect(await descriptorsOf(server.pid)).toMatchObject({ sockets, objectsWritten: 0, others }),
    );
    await eventually(async () => expect(timersOf(server)).toBe(timers));
    expect(await uploadsOf(server)).toBe(0);
  });
});

/** Answers to the one who floods, while each of the others gets what it asks for. */
async function floodAnswered(patches: readonly Patch[]): Promise<number> {
  let answered = 0;
  await withLoadedServer(patches, async (loaded) => {
    const { result, harm } = await harmDuring(loaded, () =>
      runFairClients(loaded.door, loaded.content, crowd),
    );
    expect(result.progress).toHaveLength(crowd.count);
    answered = harm.floodAnswered;
  });
  return answered;
}

/** More than one connection's share, since it always has a request ready; far less than the crowd's. */
const severalShares = (crowd.count * crowd.requestsEach) / 5;
test('who floods a connection with requests gets the share of one connection', async () => {
  expect(await floodAnswered([])).toBeLessThan(severalShares);
});

test('planted bug: when all requests of a connection begin at once, the flood gets the shares of many', async () => {
  expect(await floodAnswered([servesAllAtOnce])).toBeGreaterThan(severalShares);
});

const neverWaits: Patch = {
  file: 'packages/server/src/http/lean/send-pieces.ts',
  replace: [['await drained(response, signal);', 'drained(response, signal).catch(() => undefined);']],
};

test('the look at the memory sees a server that does not wait for slow clients', async () => {
  await withLoadedServer([neverWaits], async (loaded) => {
    const { growthBytes } = await growthDuring(loaded.server.pid, async () => {
      const over = new AbortController();
      const slow = readAllSlowly(loaded, over.signal);
      await sleep(8000);
      over.abort();
      await Promise.all(slow);
    });
    expect(growthBytes).toBeGreaterThan(growthBytesMax);
  });
});
