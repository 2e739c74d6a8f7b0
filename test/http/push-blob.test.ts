import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { call, digestOf, pushBlob, startUpload, tokenFor } from './client.ts';
import { connectRaw } from './raw-connection.ts';
import { startRegistry } from './start-registry.ts';
import { objectsOf, storedState } from './stored-state.ts';

const hourMs = 3_600_000;

test('starting an upload says where it goes on, and writes nothing', async () => {
  await using registry = await startRegistry();
  const before = await storedState(registry);
  const reply = await call(registry, 'POST', '/v2/app/web/blobs/uploads/');
  expect(reply.status).toBe(202);
  expect(reply.headers.location).toMatch(/^\/v2\/app\/web\/blobs\/uploads\/[\w-]+\?/);
  expect(reply.headers).toMatchObject({
    range: '0-0',
    'content-length': '0',
    'oci-chunk-min-length': '1',
    'docker-upload-uuid': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
  expect(await storedState(registry)).toEqual(before);
});

test.each([
  ['small', 1000],
  ['large', 1_500_000],
])('a %s blob is pushed in chunks, and its status is told in between', async (_size, chunkBytes) => {
  await using registry = await startRegistry();
  const bytes = randomBytes(3 * chunkBytes);
  let location = await startUpload(registry, 'app');
  for (const start of [0, chunkBytes, 2 * chunkBytes]) {
    const end = start + chunkBytes - 1;
    const reply = await call(registry, 'PATCH', location, {
      body: bytes.subarray(start, end + 1),
      headers: { 'content-range': `${start}-${end}` },
    });
    expect([reply.status, reply.headers.range]).toEqual([202, `0-${end}`]);
    location = reply.headers.location ?? '';
    const status = await call(registry, 'GET', location);
    expect([status.status, status.headers.range, status.headers.location]).toEqual([
      204,
      `0-${end}`,
      location,
    ]);
  }
  const digest = digestOf(bytes);
  const put = await call(registry, 'PUT', `${location}&digest=${digest}`);
  expect([put.status, put.headers.location, put.headers['docker-content-digest']]).toEqual([
    201,
    `/v2/app/blobs/${digest}`,
    digest,
  ]);
  expect((await call(registry, 'GET', `/v2/app/blobs/${digest}`)).body.equals(bytes)).toBe(true);
  // It is finished: its token is good for nothing any more.
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const late = await call(registry, method, location, method === 'PATCH' ? { body: 'x' } : {});
    expect([late.status, late.error?.code ?? 'BLOB_UPLOAD_UNKNOWN']).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
  }
});

test('the path alone is enough, and the digest may come before or after the state', async () => {
  await using registry = await startRegistry();
  const digest = digestOf('hello');
  for (const url of [
    (path: string) => `${path}?digest=${digest}`,
    (path: string, query: string) => `${path}?digest=${encodeURIComponent(digest)}&${query}`,
    (path: string, query: string) => `${path}?${query}&digest=${digest}`,
  ]) {
    const [path = '', query = ''] = (await startUpload(registry, 'app')).split('?');
    expect((await call(registry, 'PUT', url(path, query), { body: 'hello' })).status).toBe(201);
  }
});

test('a chunk without Content-Range is appended, and the last one may come with the PUT', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  expect((await call(registry, 'PATCH', location, { body: 'hello ' })).headers.range).toBe('0-5');
  const digest = digestOf('hello world');
  const headers = { 'content-range': '6-10' };
  const put = await call(registry, 'PUT', `${location}&digest=${digest}`, { body: 'world', headers });
  expect(put.status).toBe(201);
  expect((await call(registry, 'GET', `/v2/app/blobs/${digest}`)).text).toBe('hello world');
});

test('a chunk at another place than the end is refused, and told where to go on', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: 'hello' });
  const before = await storedState(registry);
  for (const range of ['0-4', '4-8', '6-10']) {
    const headers = { 'content-range': range };
    const reply = await call(registry, 'PATCH', location, { body: 'xxxxx', headers });
    expect([reply.status, reply.error?.code, reply.headers.range]).toEqual([416, 'RANGE_INVALID', '0-4']);
    expect(reply.headers.location).toMatch(/^\/v2\/app\/blobs\/uploads\//);
    expect(reply.error?.message).toContain('byte 5');
  }
  expect(await storedState(registry)).toEqual(before);
});

test.each([
  ['too few', '0-9', 'short'],
  ['too many', '0-2', 'much longer'],
])('a chunk with %s bytes for its Content-Range is refused whole', async (_what, range, body) => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  const before = await storedState(registry);
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    const asked = { body, headers: { 'content-range': range, ...headers } };
    const reply = await call(registry, 'PATCH', location, asked);
    expect([reply.status, reply.error?.code]).toEqual([400, 'SIZE_INVALID']);
  }
  expect(await storedState(registry)).toEqual(before);
});

test('of two writers that go on from one place exactly one wins', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: 'begin ' });
  const bodies = [randomBytes(400_000), randomBytes(400_000)];
  const replies = await Promise.all(
    bodies.map((body) =>
      call(registry, 'PATCH', location, { body, headers: { 'content-range': '6-400005' } }),
    ),
  );
  expect(replies.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([202, 416]);
  const winner = bodies[replies.findIndex((reply) => reply.status === 202)] ?? Buffer.alloc(0);
  const whole = Buffer.concat([Buffer.from('begin '), winner]);
  const put = await call(registry, 'PUT', `${location}&digest=${digestOf(whole)}`);
  expect(put.status).toBe(201);
  // What the loser had stored was given back.
  expect(await objectsOf(registry)).toHaveLength(1);
});

test('a wrong digest is refused, and the upload stays as it was', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: 'hello' });
  const before = await storedState(registry);
  const wrong = digestOf('other');
  for (const body of [undefined, ' and some more', randomBytes(100_000)]) {
    const reply = await call(registry, 'PUT', `${location}&digest=${wrong}`, {
      ...(body !== undefined && { body }),
    });
    expect([reply.status, reply.error?.code]).toEqual([400, 'DIGEST_INVALID']);
    expect(reply.error?.message).toBe('provided digest did not match uploaded content');
  }
  expect(await storedState(registry)).toEqual(before);
  expect((await call(registry, 'PUT', `${location}&digest=${digestOf('hello')}`)).status).toBe(201);
});

test('an upload survives a restart, also where its hash has to be made again', async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(300_000);
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: bytes.subarray(0, 100_000) });
  await registry.restart();
  expect((await call(registry, 'GET', location)).headers.range).toBe('0-99999');
  // Nobody in this process knows the hash of what came before.
  await call(registry, 'PATCH', location, { body: bytes.subarray(100_000, 200_000) });
  const digest = digestOf(bytes);
  const put = await call(registry, 'PUT', `${location}&digest=${digest}`, { body: bytes.subarray(200_000) });
  expect(put.status).toBe(201);
  expect((await call(registry, 'GET', `/v2/app/blobs/${digest}`)).body.equals(bytes)).toBe(true);
});

test('sha512 works beside sha256, whether or not the upload said so at its start', async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(70_000);
  const digest = digestOf(bytes, 'sha512');
  for (const query of ['', '?digest-algorithm=sha512']) {
    const location = await startUpload(registry, `app${query.length}`, query);
    await call(registry, 'PATCH', location, { body: bytes.subarray(0, 40_000) });
    await call(registry, 'PATCH', location, { body: bytes.subarray(40_000) });
    expect((await call(registry, 'PUT', `${location}&digest=${digest}`)).status).toBe(201);
    const got = await call(registry, 'GET', `/v2/app${query.length}/blobs/${digest}`);
    expect(got.body.equals(bytes)).toBe(true);
  }
  const other = await call(registry, 'POST', '/v2/app/blobs/uploads/?digest-algorithm=md5');
  expect([other.status, other.error?.code]).toEqual([400, 'UNSUPPORTED']);
});

test('a cancelled upload is over, and its bytes are given up', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: randomBytes(100_000) });
  expect((await call(registry, 'DELETE', location)).status).toBe(204);
  expect((await call(registry, 'GET', location)).status).toBe(404);
  expect((await call(registry, 'DELETE', location)).status).toBe(404);
  expect((await call(registry, 'PATCH', location, { body: 'x' })).status).toBe(404);
  // Also before any byte has come.
  const second = await startUpload(registry, 'app');
  expect((await call(registry, 'DELETE', second)).status).toBe(204);
  expect((await call(registry, 'PATCH', second, { body: 'x' })).status).toBe(404);
});

test('an upload belongs to its registry, its repository and its principal, and to nobody else', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: 'hello' });
  const before = await storedState(registry);
  const digest = digestOf('hello');
  const token = /uploads\/([\w-]+)/.exec(location)?.[1] ?? '';
  const forged = (token[3] === 'A' ? 'B' : 'A').padStart(4, token.slice(0, 3)) + token.slice(4);
  const attempts = [
    { path: location.replace('/v2/app/', '/v2/other/') },
    { path: location.replace(token, forged) },
    { path: location.replace(token, token.slice(0, -2)) },
    { path: location.replace(token, `${token}AA`) },
    { path: location.replace(token, '00000000-0000-0000-0000-000000000000') },
    { path: location, as: registry.other, headers: { host: 'another.azurecr.localhost' } },
  ];
  for (const { path, ...who } of attempts) {
    for (const [method, query, body] of [
      ['GET', '', undefined],
      ['PATCH', '', 'more'],
      ['PUT', `&digest=${digest}`, undefined],
      ['DELETE', '', undefined],
    ] as const) {
      const reply = await call(registry, method, path + query, {
        ...who,
        ...(body !== undefined && { body }),
      });
      expect([reply.status, reply.error?.code, reply.error?.message]).toEqual([
        404,
        'BLOB_UPLOAD_UNKNOWN',
        'blob upload unknown to registry: start a new upload',
      ]);
    }
  }
  expect(await storedState(registry)).toEqual(before);
  expect((await call(registry, 'PUT', `${location}&digest=${digest}`)).status).toBe(201);
});

test("an upload to which nothing has come yet is nobody else's either", async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  const before = await storedState(registry);
  const attempts = [
    { path: location.replace('/v2/app/', '/v2/other/') },
    { path: location, as: registry.other, headers: { host: 'another.azurecr.localhost' } },
  ];
  for (const { path, ...who } of attempts) {
    const reply = await call(registry, 'PATCH', path, { ...who, body: 'mine now' });
    expect([reply.status, reply.error?.code]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
  }
  expect(await storedState(registry)).toEqual(before);
});

test('an upload ends with its time, also one to which nothing has come', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  const untouched = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: 'hello' });
  registry.clockAheadMs = 6.9 * 24 * hourMs;
  for (const path of [location, untouched]) expect((await call(registry, 'GET', path)).status).toBe(204);
  registry.clockAheadMs = 7.1 * 24 * hourMs;
  for (const path of [location, untouched]) expect((await call(registry, 'GET', path)).status).toBe(404);
});

test('a token that expires during a push lets that push end, and nothing else', async () => {
  await using registry = await startRegistry();
  const authorization = await tokenFor(registry, 'repository:app:pull,push');
  const started = await call(registry, 'POST', '/v2/app/blobs/uploads/', { authorization });
  const location = started.headers.location ?? '';
  registry.clockAheadMs = 10 * hourMs;
  const patch = await call(registry, 'PATCH', location, { authorization, body: 'hello' });
  expect(patch.status).toBe(202);
  const put = await call(registry, 'PUT', `${location}&digest=${digestOf('hello')}`, { authorization });
  expect(put.status).toBe(201);
  for (const [method, path] of [
    ['POST', '/v2/app/blobs/uploads/'],
    ['PUT', '/v2/app/manifests/v1'],
    ['GET', `/v2/app/blobs/${digestOf('hello')}`],
    ['GET', '/v2/'],
  ] as const) {
    expect((await call(registry, method, path, { authorization })).status).toBe(401);
  }
});

test('what a client had sent when it went away is kept', async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(200_000);
  const location = await startUpload(registry, 'app');
  {
    using connection = await connectRaw(registry);
    const authorization = `Basic ${btoa(`${registry.admin.username}:${registry.admin.password}`)}`;
    const head = `PATCH ${location} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\nContent-Length: 200000\r\n\r\n`;
    connection.write(head);
    connection.write(bytes.subarray(0, 150_000));
    // Until it is read; a status could only tell what is recorded.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await expect.poll(async () => (await call(registry, 'GET', location)).headers.range).toBe('0-149999');
  const digest = digestOf(bytes);
  const rest = await call(registry, 'PUT', `${location}&digest=${digest}`, {
    body: bytes.subarray(150_000),
    headers: { 'content-range': '150000-199999' },
  });
  expect(rest.status).toBe(201);
  expect((await call(registry, 'GET', `/v2/app/blobs/${digest}`)).body.equals(bytes)).toBe(true);
});

test('a stopping server keeps what has come of a body', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  using connection = await connectRaw(registry);
  const authorization = `Basic ${btoa(`${registry.admin.username}:${registry.admin.password}`)}`;
  connection.write(
    `PATCH ${location} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\nContent-Length: 100\r\n\r\nhello`,
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  await registry.restart();
  await connection.closed;
  expect(connection.received).toContain('HTTP/1.1 503 ');
  expect((await call(registry, 'GET', location)).headers.range).toBe('0-4');
});

test('bytes that the registry has already are not kept twice', async () => {
  await using registry = await startRegistry();
  const bytes = randomBytes(100_000);
  const digest = await pushBlob(registry, 'one', bytes);
  await pushBlob(registry, 'two', bytes);
  expect((await storedState(registry)).rows).toMatchObject({ blob: 1, repository_blob: 2 });
  await call(registry, 'DELETE', `/v2/one/blobs/${digest}`);
  expect((await call(registry, 'GET', `/v2/two/blobs/${digest}`)).body.equals(bytes)).toBe(true);
});

test('a client that waits for 100 Continue is told to send only once it is let in', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  const head = (authorization: string) =>
    `PATCH ${location} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
  using refused = await connectRaw(registry);
  refused.write(head('Basic bm86b25l'));
  await refused.closed;
  expect(refused.received).toMatch(/^HTTP\/1\.1 401 /);
  expect(refused.received).not.toContain('100 Continue');
  using welcome = await connectRaw(registry);
  welcome.write(head(`Basic ${btoa(`${registry.admin.username}:${registry.admin.password}`)}`));
  await welcome.until('HTTP/1.1 100 Continue\r\n\r\n');
  welcome.write('hello');
  expect(await welcome.until('HTTP/1.1 202 ')).toContain('Range: 0-4');
});
