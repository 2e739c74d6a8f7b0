import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { call, digestOf, pushBlob } from './client.ts';
import { startRegistry } from './start-registry.ts';

test('a blob comes back as it went in, with its digest, its length and what caches need to know', async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(2_500_000);
  const digest = await pushBlob(registry, 'app/web', bytes);
  const reply = await call(registry, 'GET', `/v2/app/web/blobs/${digest}`);
  expect(reply.status).toBe(200);
  expect(reply.body.equals(bytes)).toBe(true);
  expect(reply.headers).toMatchObject({
    'content-length': '2500000',
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
  });
  expect(reply.headers['content-encoding']).toBeUndefined();
  const head = await call(registry, 'HEAD', `/v2/app/web/blobs/${digest}`, {
    headers: { range: 'bytes=0-9' },
  });
  expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, '2500000']);
});

test('a small blob and an empty one come back too', async () => {
  await using registry = await startRegistry();
  for (const bytes of ['', '{}', 'x'.repeat(32 * 1024)]) {
    const digest = await pushBlob(registry, 'app', bytes);
    const reply = await call(registry, 'GET', `/v2/app/blobs/${digest}`);
    expect([reply.status, reply.text, reply.headers['content-length']]).toEqual([
      200,
      bytes,
      String(bytes.length),
    ]);
  }
  expect(await registry.reader.countRepositories(registry.admin.id)).toBe(0);
});

test.each([
  ['bytes=0-0', 206, 'bytes 0-0/1000', [0, 1]],
  ['bytes=10-19', 206, 'bytes 10-19/1000', [10, 20]],
  ['bytes=990-', 206, 'bytes 990-999/1000', [990, 1000]],
  ['bytes=990-5000', 206, 'bytes 990-999/1000', [990, 1000]],
  ['bytes=-10', 206, 'bytes 990-999/1000', [990, 1000]],
  ['990-', 206, 'bytes 990-999/1000', [990, 1000]],
  ['bytes=1000-', 416, 'bytes */1000', undefined],
  ['bytes=20-10', 416, 'bytes */1000', undefined],
  ['lines=1-2', 200, undefined, [0, 1000]],
  ['bytes=a-b', 200, undefined, [0, 1000]],
] as const)('Range: %s is answered with %i', async (range, status, contentRange, slice) => {
  await using registry = await startRegistry();
  const bytes = randomBytes(1000);
  const digest = await pushBlob(registry, 'app', bytes);
  const reply = await call(registry, 'GET', `/v2/app/blobs/${digest}`, { headers: { range } });
  expect(reply.status).toBe(status);
  expect(reply.headers['content-range']).toBe(contentRange);
  if (slice === undefined) expect(reply.error?.code).toBe('RANGE_INVALID');
  else expect(reply.body.equals(bytes.subarray(...slice))).toBe(true);
});

test('several ranges come as one multipart body of the length that was announced', async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(200_000);
  const digest = await pushBlob(registry, 'app', bytes);
  const headers = { range: 'bytes=0-9,70000-70009,-10' };
  const reply = await call(registry, 'GET', `/v2/app/blobs/${digest}`, { headers });
  expect(reply.status).toBe(206);
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(reply.headers['content-type'] ?? '')?.[1];
  const part = (first: number, last: number) =>
    Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${first}-${last}/200000\r\n\r\n`,
      ),
      bytes.subarray(first, last + 1),
      Buffer.from('\r\n'),
    ]);
  const expected = Buffer.concat([
    part(0, 9),
    part(70_000, 70_009),
    part(199_990, 199_999),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  expect(reply.body.equals(expected)).toBe(true);
  expect(reply.headers['content-length']).toBe(String(expected.length));
});

test('conditions decide whether a blob is sent, and whether in part', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'app', 'hello world');
  const get = (headers: Record<string, string>) =>
    call(registry, 'GET', `/v2/app/blobs/${digest}`, { headers });
  const known = await get({ 'if-none-match': `"other", "${digest}"`, range: 'bytes=0-1' });
  expect([known.status, known.body.length, known.headers['docker-content-digest']]).toEqual([304, 0, digest]);
  expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  expect((await get({ 'if-range': `"${digest}"`, range: 'bytes=0-4' })).text).toBe('hello');
  expect((await get({ 'if-range': '"other"', range: 'bytes=0-4' })).text).toBe('hello world');
  expect((await get({ 'if-range': `W/"${digest}"`, range: 'bytes=0-4' })).text).toBe('hello world');
});

test('a blob is read only through a repository that links it', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'mine', 'secret');
  await pushBlob(registry, 'theirs', 'something else');
  for (const method of ['GET', 'HEAD'])
    expect((await call(registry, method, `/v2/theirs/blobs/${digest}`)).status).toBe(404);
  const unknown = digestOf('nobody has it');
  const answers = [];
  for (const asked of [digest, unknown])
    answers.push(await call(registry, 'GET', `/v2/theirs/blobs/${asked}`));
  expect(answers.map(({ status, error }) => [status, error?.code, error?.message])).toEqual([
    [404, 'BLOB_UNKNOWN', 'blob unknown to registry'],
    [404, 'BLOB_UNKNOWN', 'blob unknown to registry'],
  ]);
  // Its bytes may stay for others; this repository gives it no more once the link is gone.
  await pushBlob(registry, 'theirs', 'secret');
  expect((await call(registry, 'DELETE', `/v2/mine/blobs/${digest}`)).status).toBe(202);
  expect((await call(registry, 'GET', `/v2/mine/blobs/${digest}`)).status).toBe(404);
  expect((await call(registry, 'GET', `/v2/theirs/blobs/${digest}`)).text).toBe('secret');
});
