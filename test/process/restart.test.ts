import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { openCall } from './http-call.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, expectStatus, type PushedImage, RegistryClient, sha256 } from './registry-client.ts';
import { objectFiles, scratchFolder } from './scratch-folder.ts';
import { startServer } from './server-process.ts';

const MiB = 1024 * 1024;

let folder: Awaited<ReturnType<typeof scratchFolder>>;
/** A data folder that has had its first start. */
let template: string;
let password: string;

beforeAll(async () => {
  folder = await scratchFolder();
  template = join(folder.path, 'template');
  const server = await startServer({ data: template });
  password = server.password;
  expect((await server.end()).code).toBe(0);
});
afterAll(async () => folder[Symbol.asyncDispose]());

/** Node's option that makes the clock of a process and of its threads show a later time. */
const clockAhead = (ms: number): string[] => [
  '--import',
  `data:text/javascript,${encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${ms};`)}`,
];

/** Three processes on one data folder: the first is stopped, the second is killed, the third finishes what both began. */
test('images, uploads, tokens and logins outlive a stop and a kill', async () => {
  const data = join(folder.path, 'lived');
  await cp(template, data, { recursive: true });
  const blob = randomBytes(3 * MiB);
  const digest = sha256(blob);
  const small = randomBytes(20_000);

  const first = await startServer({ data, password });
  const client = adminOf(first);
  const image = await client.pushImage('a/b', 'v1', { layer: randomBytes(MiB + 17), labels: { is: 'kept' } });
  const bearer = await client.token('repository:a/b:pull,push', 'cerulean.azurecr.localhost');
  const [half, inline, untouched] = await Promise.all([1, 2, 3].map(() => client.startUpload('a/b')));
  if (half === undefined || inline === undefined || untouched === undefined) throw new Error('no upload');
  expectStatus(await client.patch(half, blob.subarray(0, MiB)), 202);
  expectStatus(await client.patch(inline, small.subarray(0, 9000)), 202);
  expect((await first.end()).code).toBe(0);

  const second = await startServer({ data, password, args: ['--workers', '2'] });
  expect(await adminOf(second).flawsOf(image)).toEqual([]);
  const holder = new RegistryClient(second, { bearer });
  expect(await holder.flawsOf(image), 'with a token of the first process').toEqual([]);
  expect(await holder.offsetOf(half)).toBe(MiB);
  expect(await holder.offsetOf(inline)).toBe(9000);
  expectStatus(await holder.patch(half, blob.subarray(MiB, 2 * MiB)), 202);
  expectStatus(await holder.finish(inline, sha256(small), small.subarray(9000)), 201);
  expectStatus(await holder.patch(untouched, small), 202);
  // The kill comes in the middle of a request: what it brought is not recorded, what was acknowledged before is.
  const cut = openCall({
    ...holder.about(half),
    method: 'PATCH',
    headers: { ...holder.about(half).headers, 'content-length': String(MiB) },
  });
  cut.on('error', () => undefined);
  cut.write(blob.subarray(2 * MiB, 2 * MiB + 300_000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await second.end('SIGKILL')).signal).toBe('SIGKILL');

  await using third = await startServer({ data, password });
  const last = adminOf(third);
  expect(await last.flawsOf(image)).toEqual([]);
  expect(await last.offsetOf(half)).toBe(2 * MiB);
  expect((await last.finish(half, sha256('other bytes'), blob.subarray(2 * MiB))).errorCode).toBe(
    'DIGEST_INVALID',
  );
  expect(await last.offsetOf(half)).toBe(2 * MiB);
  expectStatus(await last.finish(half, digest, blob.subarray(2 * MiB)), 201);
  expect((await last.getBlob('a/b', digest)).body.equals(blob)).toBe(true);
  expect((await last.getBlob('a/b', sha256(small))).body.equals(small)).toBe(true);
  expectStatus(await last.finish(untouched, sha256(small)), 201);
});

test('an upload whose week is over is unknown, whatever is asked of it, and its bytes are given back', async () => {
  const data = join(folder.path, 'expired');
  await cp(template, data, { recursive: true });
  const server = await startServer({ data, password });
  const client = adminOf(server);
  const kept = await client.pushImage('app', 'v1', { layer: randomBytes(100_000) });
  const before = await objectFiles(data);
  const [begun = '', untouched = ''] = await Promise.all([1, 2].map(() => client.startUpload('app')));
  expectStatus(await client.patch(begun, randomBytes(100_000)), 202);
  expect(await objectFiles(data)).toHaveLength(before.length + 1);
  await server.end();

  const aDay = 24 * 3600 * 1000;
  await using later = await startServer({ data, password, nodeArgs: clockAhead(8 * aDay) });
  const other = adminOf(later);
  for (const upload of [begun, untouched]) {
    const replies = [
      await other.get(upload),
      await other.patch(upload, 'more'),
      await other.finish(upload, sha256('more'), 'more'),
      await other.call(upload, { method: 'DELETE' }),
    ];
    expect(replies.map((reply) => [reply.status, reply.errorCode])).toEqual(
      Array(4).fill([404, 'BLOB_UPLOAD_UNKNOWN']),
    );
  }
  await eventually(async () => expect(await objectFiles(data)).toEqual(before));
  expect(await other.flawsOf(kept)).toEqual([]);
});

/** Every push that was acknowledged before a kill is there after it. Throws for one that is not. */
async function acknowledgedIsKept(project?: string): Promise<void> {
  await using scratch = await scratchFolder();
  const data = join(scratch.path, 'data');
  await cp(template, data, { recursive: true });
  const server = await startServer({ data, password, ...(project === undefined ? {} : { project }) });
  const client = adminOf(server);
  const blobs = [randomBytes(100), randomBytes(40_000), randomBytes(30_000), randomBytes(MiB)];
  const image: PushedImage = await client.pushImage('app', 'v1', { layer: randomBytes(5000) });
  const replies = await Promise.all(blobs.map((blob) => client.putBlob('app', blob)));
  await server.end('SIGKILL');
  expect(replies.map((reply) => reply.status)).toEqual([201, 201, 201, 201]);

  await using after = await startServer({ data, password });
  const lost = await adminOf(after).flawsOf(image);
  for (const blob of blobs) {
    const reply = await adminOf(after).getBlob('app', sha256(blob));
    if (reply.status !== 200 || !reply.body.equals(blob))
      lost.push(`blob of ${blob.length} bytes: ${reply.status}`);
  }
  expect(lost, 'acknowledged and lost').toEqual([]);
}

const acknowledgesBeforeCommit: Patch = {
  file: 'packages/server/src/storage/writer/group-commit.ts',
  replace: [
    ['this.#statements.begin.run();', 'if (!database.isTransaction) this.#statements.begin.run();'],
    [
      'this.#statements.commit.run();',
      `clearTimeout(globalThis.plantedCommit);
       globalThis.plantedCommit = setTimeout(() => this.#statements.commit.run(), 4000);`,
    ],
  ],
};

test('what was acknowledged is there after the process was killed in the next moment', () =>
  acknowledgedIsKept());

test('a writer that acknowledges before its commit is found out by that', async () => {
  await expect(withPatchedSource(acknowledgesBeforeCommit, acknowledgedIsKept)).rejects.toThrow(
    'acknowledged and lost',
  );
});
