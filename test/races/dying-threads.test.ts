/**
 * Proves that a serving thread which dies under load takes only its own requests along: clients of the other thread go
 * on without a single failure, clients of the dead one find their connection closed and go on over a new one, another
 * thread takes its place, and everything that was acknowledged to either is there. When the writer's thread dies under
 * load, the process ends and says why; after a new start everything that was acknowledged is there, too. The planted
 * bugs show that the checks see a death that spreads, one that is not made up for, and an early acknowledgement.
 */
import { describe, expect, test } from 'vitest';
import { acknowledgesBeforeCommit } from '../faults/planted-bugs.ts';
import { eventually } from '../process/eventually.ts';
import { call } from '../process/http-call.ts';
import { inspectable, runInThread } from '../process/inspected-server.ts';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf, sha256 } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { Pusher } from './pusher.ts';
import { type Door, RawClient } from './raw-client.ts';
import { descriptorsOf } from './server-resources.ts';

const repository = 'dying/threads';
const clients = 8;
const args = ['--workers', '2', '--log-level', 'error'];

async function doorOf(server: ServerProcess): Promise<Door> {
  const token = await adminOf(server).token(`repository:${repository}:pull,push`, '127.0.0.1');
  return { port: server.port, authorization: `Bearer ${token}` };
}

/** Runs pushers on connections that go to the threads in turn, does something, and waits for their end. */
async function whilePushing(
  server: ServerProcess,
  act: (pushers: readonly Pusher[]) => Promise<void>,
): Promise<readonly Pusher[]> {
  const door = await doorOf(server);
  const over = new AbortController();
  const pushers = Array.from({ length: clients }, () => new Pusher(door, repository));
  const connections: RawClient[] = [];
  while (connections.length < clients) connections.push(await RawClient.open(door));
  const running = pushers.map((pusher, index) => pusher.pushUntil(connections[index], over.signal));
  await act(pushers).finally(() => over.abort());
  await Promise.all(running);
  return pushers;
}

/** Waits until each pusher has been acknowledged so many more. */
async function untilEachHas(pushers: readonly Pusher[], more: number): Promise<void> {
  const wanted = pushers.map(({ acknowledged }) => acknowledged.length + more);
  await eventually(async () => {
    for (const [index, { acknowledged }] of pushers.entries())
      expect(acknowledged.length).toBeGreaterThanOrEqual(wanted[index] ?? 0);
  }, 60_000);
}

/** What was acknowledged and is not there as it was pushed. */
async function lostOf(server: ServerProcess, pushers: readonly Pusher[]): Promise<string[]> {
  using client = await RawClient.open(await doorOf(server));
  const lost: string[] = [];
  for (const digest of pushers.flatMap(({ acknowledged }) => acknowledged)) {
    const { status, body } = await client.ask({ method: 'GET', path: `/v2/${repository}/blobs/${digest}` });
    if (status !== 200 || sha256(body) !== digest) lost.push(digest);
  }
  return lost;
}

async function threadsOf(server: ServerProcess): Promise<number> {
  const { text } = await call({ url: `${server.url}/metrics` });
  return Number(/^cerulean_serving_threads (\d+)$/m.exec(text)?.[1]);
}

async function expectThreads(server: ServerProcess, count: number, withinMs: number): Promise<void> {
  await eventually(async () => {
    const running = await threadsOf(server);
    if (running !== count) throw new Error(`${running} instead of ${count} threads are running`);
  }, withinMs);
}

const die = "setTimeout(() => { throw new Error('planted') })";

/** @param replacedWithinMs how long it may take until another thread has taken the place of the dead one */
async function letServingThreadDie(bugs: readonly Patch[], replacedWithinMs: number): Promise<void> {
  await withPatchedSource(bugs, async (project) => {
    await using folder = await scratchFolder();
    await using server = await startServer({ data: folder.path, project, args, nodeArgs: inspectable });
    const { sockets } = await descriptorsOf(server.pid);
    const pushers = await whilePushing(server, async (all) => {
      await untilEachHas(all, 10);
      await runInThread(server, 'serving-thread', die);
      await eventually(async () =>
        expect(all.filter(({ broken }) => broken > 0).length).toBeGreaterThanOrEqual(clients / 2),
      );
      await expectThreads(server, 2, replacedWithinMs);
      await untilEachHas(all, 10);
    });
    // Connections go to the threads in turn, and one thread of two has died. A client that was cut off and came back
    // before the thread's end was noticed may have been given to it once more.
    const broken = pushers.map((pusher) => pusher.broken).sort((a, b) => a - b);
    const message = `each client's broken connections: ${broken.join(', ')}`;
    expect(broken.slice(0, clients / 2), message).toEqual([0, 0, 0, 0]);
    expect(broken[clients / 2], message).toBeGreaterThanOrEqual(1);
    expect(broken.at(-1), message).toBeLessThanOrEqual(3);
    expect(pushers.flatMap(({ refused }) => refused)).toEqual([]);
    expect(await lostOf(server, pushers)).toEqual([]);
    await eventually(async () =>
      expect((await descriptorsOf(server.pid)).sockets).toBeLessThanOrEqual(sockets + 1),
    );
    expect((await server.end()).code).toBe(0);
  });
}

/** Lets the writer die, and answers what of the acknowledged is lost. @param endsWithinMs the process's time to end */
async function letWriterDie(bugs: readonly Patch[], endsWithinMs: number): Promise<string[]> {
  return await withPatchedSource(bugs, async (project) => {
    await using folder = await scratchFolder();
    await using server = await startServer({ data: folder.path, project, args, nodeArgs: inspectable });
    const pushers = await whilePushing(server, async (all) => {
      await untilEachHas(all, 10);
      await runInThread(server, 'writer-thread', die);
      const late = setTimeout(() => void server.end('SIGKILL'), endsWithinMs);
      const { code, signal, stderr } = await server.ended.finally(() => clearTimeout(late));
      expect({ code, signal }, stderr).toEqual({ code: 1, signal: null });
      expect(stderr).toMatch(/cerulean: the writer has ended \(Error: planted/);
      await eventually(async () => expect(all.every(({ broken }) => broken > 0)).toBe(true));
    });
    await using again = await startServer({ data: folder.path, args, password: server.password });
    return await lostOf(again, pushers);
  });
}

test('a serving thread that dies under load takes its own requests along, and no others', async () => {
  await letServingThreadDie([], 60_000);
});

test('a writer that dies under load ends the process, which says why and loses nothing', async () => {
  expect(await letWriterDie([], 20_000)).toEqual([]);
});

const servingThreads = 'packages/server/src/threads/serving-threads.ts';

const replacesNobody: Patch = {
  file: servingThreads,
  replace: [['void this.#replace(number);', '']],
};

/** The others end along with the dead one, and all are replaced. */
const diesTogether: Patch = {
  file: servingThreads,
  replace: [
    [
      'void this.#replace(number);',
      `for (const { worker } of this.#threads.values()) void worker.terminate();
      void this.#replace(number);`,
    ],
  ],
};

const livesOnWithoutWriter: Patch = {
  file: 'packages/server/src/server.ts',
  replace: [['  process.exit(1);\n', '']],
};

describe('the check turns red when', () => {
  test('a thread that has died is not replaced', async () => {
    await expect(letServingThreadDie([replacesNobody], 5000)).rejects.toThrow('1 instead of 2 threads');
  });

  test('a dying thread takes the requests of others along', async () => {
    await expect(letServingThreadDie([diesTogether], 60_000)).rejects.toThrow("each client's broken");
  });

  test('a server goes on without its writer', async () => {
    await expect(letWriterDie([livesOnWithoutWriter], 5000)).rejects.toThrow('the writer has ended');
  });

  test('a push is acknowledged before its commit', async () => {
    expect(await letWriterDie([acknowledgesBeforeCommit], 20_000)).not.toEqual([]);
  });
});
