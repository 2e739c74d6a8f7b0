import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { call, openCall, replyTo } from './http-call.ts';
import { adminOf, expectStatus, type RegistryClient, sha256 } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { startServer } from './server-process.ts';

const MiB = 1024 * 1024;

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(async () => folder[Symbol.asyncDispose]());

/** A PATCH that says more than it sends. */
function halfPatch(client: RegistryClient, upload: string, bytes: Uint8Array) {
  const about = client.about(upload);
  const headers = { ...about.headers, 'content-length': String(2 * bytes.length) };
  const request = openCall({ ...about, method: 'PATCH', headers });
  request.write(bytes);
  // Told apart from its outcome, so that a refusal before anybody waits is no unhandled one.
  const reply = replyTo(request);
  reply.catch(() => undefined);
  return { request, reply };
}

async function startDownload(client: RegistryClient, path: string) {
  const request = openCall(client.about(path)).end();
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  response.pause();
  return response;
}

test('SIGTERM lets a download finish and keeps what came of an upload, takes nothing new, and leaves no trace', async () => {
  const data = join(folder.path, 'drained');
  const args = ['--workers', '2', '--drain-seconds', '3'];
  const server = await startServer({ data, args });
  const client = adminOf(server);
  // More than the buffers of both sockets hold, so that the server is still sending.
  const large = randomBytes(24 * MiB);
  const digest = await client.pushBlob('app', large);
  const upload = await client.startUpload('app');
  const blob = randomBytes(2 * MiB);
  using idle = new KeptConnection();
  expectStatus(await client.call('/v2/', { agent: idle.agent }), 200);
  const download = await startDownload(client, `/v2/app/blobs/${digest}`);
  const slow = halfPatch(client, upload, blob.subarray(0, MiB));
  await sleep(500);

  process.kill(server.pid, 'SIGTERM');
  // Under npm a Ctrl+C arrives several times: the others are no second wish.
  process.kill(server.pid, 'SIGINT');
  await sleep(500);
  for (const agent of [undefined, idle.agent]) {
    const late = await client
      .call('/v2/', agent === undefined ? {} : { agent })
      .catch(() => 'closed' as const);
    if (late !== 'closed') expect([late.status, late.headers.connection]).toEqual([503, 'close']);
  }
  expect((await buffer(download)).equals(large)).toBe(true);
  const cut = await slow.reply;
  expect([cut.status, cut.errorCode]).toEqual([503, 'UNAVAILABLE']);
  const ended = await server.ended;
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' });
  for (const trace of ['control.sock', 'control.path', 'holder.json', 'cerulean.db-wal', 'cerulean.db-shm']) {
    expect(existsSync(join(data, trace)), trace).toBe(false);
  }

  await using again = await startServer({ data, password: server.password });
  expect(await adminOf(again).offsetOf(upload)).toBe(MiB);
  expectStatus(await adminOf(again).finish(upload, sha256(blob), blob.subarray(MiB)), 201);
});

test('a second signal, given after a while, ends the process at once', async () => {
  const server = await startServer({ data: join(folder.path, 'impatient') });
  const client = adminOf(server);
  const slow = halfPatch(client, await client.startUpload('app'), randomBytes(1000));
  await sleep(300);
  process.kill(server.pid, 'SIGTERM');
  await sleep(2500);
  const askedAt = performance.now();
  const ended = await server.end('SIGTERM');
  expect(ended.code).toBe(130);
  // The first signal would have waited for half a minute.
  expect(performance.now() - askedAt).toBeLessThan(10_000);
  await expect(slow.reply).rejects.toThrow();
});

/** One connection that is kept open between requests. */
class KeptConnection implements Disposable {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  [Symbol.dispose](): void {
    this.agent.destroy();
  }
}

test('a signal in the middle of the start stops the server in good order as well', async () => {
  const data = join(folder.path, 'early');
  const starting = startServer({ data });
  starting.catch(() => undefined);
  // Whoever holds the folder has begun to start, and makes keys for a while.
  await eventually(async () => expect(existsSync(join(data, 'keys', 'root.key'))).toBe(true));
  const { pid } = JSON.parse(await readFile(join(data, 'holder.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGTERM');
  const ended = await starting.then(
    (server) => server.ended,
    (error: unknown) => error,
  );
  expect(ended).toMatchObject({ code: 0 });
  expect(existsSync(join(data, 'holder.json'))).toBe(false);
  await using again = await startServer({ data, password: null });
  expect((await call({ url: `${again.url}/readyz` })).status).toBe(200);
});
