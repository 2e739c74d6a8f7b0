import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { basic, call, pushBlob, startUpload } from './client.ts';
import { connectRaw } from './raw-connection.ts';
import { type StartedRegistry, startRegistry } from './start-registry.ts';
import { objectsOf, storedState } from './stored-state.ts';

afterEach(() => {
  vi.useRealTimers();
});

const head = (registry: StartedRegistry, line: string, ...more: string[]): string =>
  [`${line} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: ${basic(registry.admin)}`, ...more, '', ''].join(
    '\r\n',
  );

/** Files of the registry's objects that this process has open; undefined where the system does not tell. */
function openObjects(registry: StartedRegistry): number | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${registry.dataFolder}/blobs`);
    } catch {
      return false;
    }
  }).length;
}

test.each([
  ['no HTTP at all', 'hello\r\n\r\n', 400],
  ['another protocol', 'GET /v2/ FTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
  [
    'two lengths',
    'POST /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    400,
  ],
  [
    'a length and chunks',
    'POST /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a folded header', 'GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n', 400],
  ['a negative length', 'POST /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n', 400],
  [
    'an unknown coding',
    'POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n',
    400,
  ],
  ['no host', 'GET /v2/ HTTP/1.1\r\n\r\n', 400],
  ['two hosts', 'GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: example.org\r\n\r\n', 400],
  ['headers without end', `GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(60_000)}\r\n\r\n`, 431],
  ['a space in the name of a header', 'GET /v2/ HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n', 400],
] as const)('%s is answered cleanly, and the connection is closed', async (_what, text, status) => {
  await using registry = await startRegistry();
  const before = await storedState(registry);
  using connection = await connectRaw(registry);
  connection.write(text);
  await connection.closed;
  expect(connection.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(connection.received).toContain('{"errors":[{"code":"UNSUPPORTED"');
  expect(connection.received.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
  expect((await call(registry, 'GET', '/v2/')).status).toBe(200);
  expect(await storedState(registry)).toEqual(before);
});

test('HEAD has no body, whatever the answer is', async () => {
  await using registry = await startRegistry();
  using connection = await connectRaw(registry);
  connection.write(head(registry, 'HEAD /v2/app/manifests/v1'));
  connection.write(head(registry, 'HEAD /v2/app/tags/list'));
  connection.write(head(registry, 'HEAD /v2/', 'Connection: close'));
  await connection.closed;
  const answers = connection.received.split('HTTP/1.1 ').slice(1);
  expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['404', '404', '200']);
  for (const answer of answers) {
    expect(answer).toMatch(/\r\nContent-Length: [1-9]\d*\r\n/);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
  }
});

test('requests that were sent one behind the other are answered in order', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'app', 'hello');
  using connection = await connectRaw(registry);
  connection.write(
    head(registry, `GET /v2/app/blobs/${digest}`) +
      head(registry, 'GET /v2/') +
      head(registry, 'GET /v2/_catalog', 'Connection: close'),
  );
  await connection.closed;
  const bodies = connection.received
    .split('HTTP/1.1 200 OK')
    .slice(1)
    .map((answer) => answer.split('\r\n\r\n')[1]);
  expect(bodies).toEqual(['hello', '{}', '{"repositories":[]}\n']);
});

test('a client that takes nothing of a blob is disconnected, and no file stays open', async () => {
  await using registry = await startRegistry({ settings: {} });
  const digest = await pushBlob(registry, 'app', randomBytes(30_000_000));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  using connection = await connectRaw(registry);
  connection.socket.pause();
  connection.write(head(registry, `GET /v2/app/blobs/${digest}`));
  await vi.waitFor(() => expect(openObjects(registry) ?? 1).toBeGreaterThan(0), { timeout: 5000 });
  await realDelay(300);
  await vi.advanceTimersByTimeAsync(61_000);
  connection.socket.resume();
  await connection.closed;
  expect(connection.received.length).toBeLessThan(30_000_000);
  vi.useRealTimers();
  await expect
    .poll(() => registry.log.some((line) => line['operation'] === 'oci.end-2' && line['status'] === 499))
    .toBe(true);
  // The store keeps a file open for its next reader, but one file once.
  expect(openObjects(registry) ?? 0).toBeLessThanOrEqual(1);
});

test('a client that goes away in the middle of a blob leaves no open file and no error behind', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'app', randomBytes(30_000_000));
  for (let turn = 0; turn < 5; turn += 1) {
    using connection = await connectRaw(registry);
    connection.write(head(registry, `GET /v2/app/blobs/${digest}`));
    await connection.until('200 OK');
  }
  await expect.poll(() => registry.log.filter((line) => line['status'] === 499)).toHaveLength(5);
  expect(registry.log.filter((line) => line.level !== 'info')).toEqual([]);
  // The store keeps a file open for its next reader, but one file once.
  expect(openObjects(registry) ?? 0).toBeLessThanOrEqual(1);
});

test('a body that brings nothing for a minute is given up, and what came is kept', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  using connection = await connectRaw(registry);
  connection.write(`${head(registry, `PATCH ${location}`, 'Content-Length: 100')}hello`);
  await realDelay(300);
  await vi.advanceTimersByTimeAsync(59_000);
  await realDelay(100);
  expect(connection.received).toBe('');
  await vi.advanceTimersByTimeAsync(2000);
  await connection.until('HTTP/1.1 408 ');
  vi.useRealTimers();
  expect((await call(registry, 'GET', location)).headers.range).toBe('0-4');
});

test('a large body that nobody wants is refused without being read, and its sender sees why', async () => {
  await using registry = await startRegistry();
  const before = await storedState(registry);
  using connection = await connectRaw(registry);
  connection.write(
    `PUT /v2/app/manifests/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${basic(registry.admin)}\r\nContent-Length: 5000000000\r\n\r\n`,
  );
  const chunk = Buffer.alloc(65_536);
  const sending = setInterval(() => connection.write(chunk), 1);
  await connection.closed;
  clearInterval(sending);
  expect(connection.received).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*MANIFEST_INVALID/);
  expect(await storedState(registry)).toEqual(before);
});

test('a body in broken chunks ends its upload where it broke, and not the server', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  using connection = await connectRaw(registry);
  connection.write(`${head(registry, `PATCH ${location}`, 'Transfer-Encoding: chunked')}5\r\nhello\r\n`);
  await realDelay(200);
  connection.write('nonsense\r\n');
  await connection.closed;
  await expect.poll(async () => (await call(registry, 'GET', location)).headers.range).toBe('0-4');
  expect(registry.log.filter((line) => line.level !== 'info')).toEqual([]);
});

test('uploads that are refused leave no object behind', async () => {
  await using registry = await startRegistry();
  const before = await objectsOf(registry);
  const wrong = `sha256:${'0'.repeat(64)}`;
  for (let turn = 0; turn < 3; turn += 1) {
    const reply = await call(registry, 'POST', `/v2/app/blobs/uploads/?digest=${wrong}`, {
      body: randomBytes(200_000),
    });
    expect(reply.status).toBe(400);
  }
  expect(await objectsOf(registry)).toEqual(before);
});

/** A pause that fake timers don't stop. */
const realDelay = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const started = performance.now();
    const look = (): void => void (performance.now() - started >= ms ? resolve() : setImmediate(look));
    look();
  });
