import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statfsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, expectStatus, sha256 } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { startServer } from './server-process.ts';

const MiB = 1024 * 1024;

/** A file system in memory of a given size. Throws where it can't be mounted, which takes root on Linux. */
async function smallDisk(
  sizeBytes: number,
): Promise<{ readonly path: string; freeBytes(): number } & AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await scratchFolder());
  const path = join(folder.path, 'disk');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'cerulean-test', path], { stdio: 'pipe' });
  undo.defer(() => void execFileSync('umount', [path]));
  const made = undo.move();
  return {
    path,
    freeBytes() {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

async function canMount(): Promise<boolean> {
  try {
    await using _disk = await smallDisk(MiB);
    return true;
  } catch {
    return false;
  }
}

const mounts = await canMount();
const skipped = mounts ? '' : ' (SKIPPED: only root on Linux may mount a small disk)';

/** Pushes stop with a text while the reserve holds, everything else goes on, and pushes go on when there is room. */
async function reserveHolds(project?: string): Promise<void> {
  await using disk = await smallDisk(96 * MiB);
  const args = ['--reserve-space', '32MiB'];
  await using server = await startServer({
    data: join(disk.path, 'data'),
    args,
    ...(project === undefined ? {} : { project }),
  });
  const client = adminOf(server);
  const image = await client.pushImage('app', 'v1', { layer: randomBytes(MiB) });
  const doomed = await client.pushImage('app', 'v2', { layer: randomBytes(40_000) });
  const upload = await client.startUpload('app');
  const begun = randomBytes(100_000);
  expectStatus(await client.patch(upload, begun.subarray(0, 50_000)), 202);

  const ballast = join(disk.path, 'ballast');
  await writeFile(ballast, Buffer.alloc(disk.freeBytes() - 24 * MiB));
  // The server looks at the disk twice a second.
  await eventually(
    async () => expect((await client.putBlob('app', randomBytes(10))).status, 'a full disk').toBe(507),
    3000,
  );
  for (const reply of [
    await client.putBlob('app', randomBytes(MiB)),
    await client.patch(upload, begun.subarray(50_000)),
    await client.finish(upload, sha256(begun), begun.subarray(50_000)),
    await client.putManifest('app', 'v3', image.manifest),
  ]) {
    expect([reply.status, reply.errorCode], 'a full disk').toEqual([507, 'UNAVAILABLE']);
    expect(reply.text).toContain('disk is nearly full');
  }
  expect(await client.flawsOf(image)).toEqual([]);
  expectStatus(await client.call(`/v2/app/manifests/${doomed.digest}`, { method: 'DELETE' }), 202);
  expectStatus(await client.call('/v2/app/manifests/v1', { method: 'DELETE' }), 202);
  expect((await client.get('/v2/app/manifests/v1')).status).toBe(404);
  expect(disk.freeBytes()).toBeGreaterThan(20 * MiB);

  await rm(ballast);
  await eventually(
    async () => expectStatus(await client.putManifest('app', 'v1', image.manifest), 201),
    3000,
  );
  expect(await client.offsetOf(upload)).toBe(50_000);
  expectStatus(await client.finish(upload, sha256(begun), begun.subarray(50_000)), 201);
  expect(await client.flawsOf(image)).toEqual([]);
}

test.skipIf(!mounts)(
  `before the disk is full pushes are refused, pulls and deletes go on, and pushes too when there is room${skipped}`,
  () => reserveHolds(),
);

test.skipIf(!mounts)(
  `one long push stops at the reserve, and leaves the disk as it was${skipped}`,
  async () => {
    await using disk = await smallDisk(96 * MiB);
    await using server = await startServer({
      data: join(disk.path, 'data'),
      args: ['--reserve-space', '32MiB'],
    });
    const client = adminOf(server);
    const before = disk.freeBytes();
    await writeFile(join(disk.path, 'ballast'), Buffer.alloc(before - 48 * MiB));
    // It has room when it begins; nobody knows how large it will be.
    const upload = await client.startUpload('app');
    const reply = await client.patch(upload, randomBytes(64 * MiB)).catch(() => 'broken' as const);
    if (reply !== 'broken') expect([reply.status, reply.errorCode]).toEqual([507, 'UNAVAILABLE']);
    await eventually(async () => expect(disk.freeBytes()).toBeGreaterThan(40 * MiB));
    await eventually(async () => expectStatus(await client.putBlob('app', 'small'), 201), 3000);
  },
);

const noReserve: Patch = {
  file: 'packages/server/src/storage/blobs/free-space-guard.ts',
  replace: [['if (this.#freeBytes > this.#reserveBytes) return;', 'if (this.#freeBytes >= 0) return;']],
};

test.skipIf(!mounts)(`a server without its reserve is found out by that${skipped}`, async () => {
  await expect(withPatchedSource(noReserve, reserveHolds)).rejects.toThrow('a full disk');
});
