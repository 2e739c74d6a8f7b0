/**
 * Proves that one identity that asks as fast as it can, on many connections and at both serving threads, gets what its
 * tier allows an identity and no more, however many threads serve it; and that all others get every answer meanwhile.
 * Nothing is measured in time: it is counted who got what. The planted bugs: the bucket of the identity is not asked, and
 * each thread counts for itself.
 */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { projectFolder, type ServerProcess, startServer } from '../process/server-process.ts';
import { type Door, RawClient } from './raw-client.ts';

const path = '/v2/app/manifests/v1';
const floodConnections = 8;
const fairIdentities = 5;
const fairRequests = 200;
/** What Basic allows an identity in a minute, and what it allows a registry: twice as many. */
const readsOfIdentity = 5000;

interface Counted {
  /** Answers to the flood by status. */
  readonly flood: ReadonlyMap<number, number>;
  /** The most that the flood may have got meanwhile: one read comes back each 12 ms. */
  readonly floodMost: number;
  /** Statuses that others got. */
  readonly fair: ReadonlyMap<number, number>;
}

async function tokenOf(server: ServerProcess, name: string): Promise<Door> {
  const words = ['token', 'create', 'cerulean', name, '--scope-map', '_repositories_pull'];
  const made = await operateJson<{ passwords: { value: string }[] }>(server, ...words);
  const basic = Buffer.from(`${name}:${made.passwords[0]?.value}`).toString('base64');
  return { port: server.port, authorization: `Basic ${basic}` };
}

const count = (statuses: Map<number, number>, status: number): void =>
  void statuses.set(status, (statuses.get(status) ?? 0) + 1);

/** Asks on one connection, with many requests ahead, until the others are done. */
async function flood(door: Door, counted: Map<number, number>, over: AbortSignal): Promise<void> {
  using client = await RawClient.open(door);
  while (!over.aborted) {
    const asked = Array.from({ length: 16 }, () => client.ask({ method: 'GET', path }));
    for (const { status } of await Promise.all(asked)) count(counted, status);
  }
}

/** Floods until it is refused; then the others do their work, and the flood goes on until they are done. */
async function floodAndWork(project: string): Promise<Counted> {
  await using folder = await scratchFolder();
  const args = ['--workers', '2', '--log-level', 'warn', '--rate-limits', 'acr'];
  await using server = await startServer({ data: folder.path, args, project });
  await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(100) });
  await operateJson(server, 'registry', 'set', 'cerulean', '--sku', 'Basic');
  const flooding = await tokenOf(server, 'flooding');
  const others: Door[] = [];
  for (let made = 0; made < fairIdentities; made += 1) others.push(await tokenOf(server, `other-${made}`));

  const over = new AbortController();
  const flooded = new Map<number, number>();
  const startedAt = Date.now();
  const floods = Array.from({ length: floodConnections }, () => flood(flooding, flooded, over.signal));
  while (!flooded.has(429)) await new Promise((resolve) => setImmediate(resolve));
  const fair = new Map<number, number>();
  await Promise.all(others.map((door) => work(door, fair))).finally(() => over.abort());
  await Promise.all(floods);
  const floodMost = readsOfIdentity + Math.ceil((Date.now() - startedAt) / 12);
  expect((await server.end()).code).toBe(0);
  return { flood: flooded, floodMost, fair };
}

/** Two connections, so that most identities are at both threads. */
async function work(door: Door, counted: Map<number, number>): Promise<void> {
  using stack = new DisposableStack();
  const clients = [stack.use(await RawClient.open(door)), stack.use(await RawClient.open(door))];
  const working = clients.map(async (client) => {
    for (let asked = 0; asked < fairRequests / 2; asked += 1)
      count(counted, (await client.ask({ method: 'GET', path })).status);
  });
  await Promise.all(working);
}

test('one identity floods, gets what an identity gets, and leaves the others their share', async () => {
  const { flood: flooded, floodMost, fair } = await floodAndWork(projectFolder);
  console.log('the flood got', Object.fromEntries(flooded), 'at most', floodMost);
  expect(Object.fromEntries(fair)).toEqual({ 200: fairIdentities * fairRequests });
  expect(new Set(flooded.keys())).toEqual(new Set([200, 429]));
  expect(flooded.get(200)).toBeGreaterThanOrEqual(readsOfIdentity);
  expect(flooded.get(200)).toBeLessThanOrEqual(floodMost);
});

const identityNotAsked: Patch = {
  file: 'packages/server/src/rates/call-limiter.ts',
  replace: [["if (own < 0) throw tooManyCalls(category, 'identity', -own);", '']],
};

test('planted bug: where the identity is not asked, the flood takes from the others', async () => {
  await withPatchedSource(identityNotAsked, async (project) => {
    const { fair } = await floodAndWork(project);
    expect(fair.get(429) ?? 0).toBeGreaterThan(0);
  });
});

const eachCountsForItself: Patch = {
  file: 'packages/server/src/compose.ts',
  replace: [
    [
      'options.counters ?? allocateCounters(config, options.sources)',
      'allocateCounters(config, options.sources)',
    ],
  ],
};

test('planted bug: where each thread counts for itself, the flood gets as many times what it may', async () => {
  await withPatchedSource(eachCountsForItself, async (project) => {
    const { flood: flooded, floodMost } = await floodAndWork(project);
    expect(flooded.get(200)).toBeGreaterThan(floodMost);
  });
});
