/**
 * Proves that a crowd of uploads whose bodies have stopped coming holds little memory for each, while they wait and when
 * they all go away at once. The planted bug, a pool of staging without a bound, shows that it would be seen.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../process/eventually.ts';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { startServer } from '../process/server-process.ts';
import { stallInMidBody } from './load-clients.ts';
import { growthDuring } from './memory-growth.ts';
import { descriptorsOf } from './server-resources.ts';

const MiB = 1024 * 1024;
const crowd = 600;
/** Each has sent more than a large piece of staging takes, and left the next one half full. */
const sent = randomBytes(1.5 * MiB);

/**
 * Two threads lend 32 large pieces each, and make as much of them when they are sealed. A body without one takes two
 * chunks of 64 KiB, one more that was read, and its connection.
 */
const growthBytesMax = (2 * 2 * 32 + crowd * 0.4) * MiB;

const lendsWithoutBound: Patch = {
  file: 'packages/server/src/storage/blobs/staging-pool.ts',
  replace: [
    ['if (this.#lent >= this.#largeMax) return', 'if (this.#lent < 0) return'],
    ['this.#lent >= this.#largeMax) return piece', 'this.#lent < 0) return piece'],
  ],
};

async function growthOfStalledUploads(patches: readonly Patch[]): Promise<number> {
  let growth = 0;
  await withPatchedSource(patches, async (project) => {
    await using folder = await scratchFolder();
    const args = ['--workers', '2', '--cache-memory', '16MiB', '--log-level', 'warn'];
    await using server = await startServer({ data: join(folder.path, 'data'), args, project });
    const token = await adminOf(server).token('repository:stalled:pull,push', '127.0.0.1');
    const door = { port: server.port, authorization: `Bearer ${token}` };
    const { growthBytes } = await growthDuring(server.pid, async () => {
      const over = new AbortController();
      const stalled: Promise<void>[] = [];
      for (let upload = 0; upload < crowd; upload += 1) {
        stalled.push(stallInMidBody(door, { repository: 'stalled', bytes: sent, over: over.signal }));
        if (upload % 50 === 49) await sleep(100);
      }
      const written = async () => (await descriptorsOf(server.pid)).objectsWritten;
      await eventually(async () => expect(await written()).toBe(crowd));
      over.abort();
      await Promise.all(stalled);
      await eventually(async () => expect(await written()).toBe(0));
    });
    console.log(`${crowd} stalled uploads: memory grew by ${Math.round(growthBytes / MiB)} MiB`);
    growth = growthBytes;
  });
  return growth;
}

test('a crowd of stalled uploads holds little memory for each, and so does its end', async () => {
  expect(await growthOfStalledUploads([])).toBeLessThan(growthBytesMax);
});

test('planted bug: with large pieces of staging for all, the memory is seen to grow', async () => {
  expect(await growthOfStalledUploads([lendsWithoutBound])).toBeGreaterThan(growthBytesMax);
});
