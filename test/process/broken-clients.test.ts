import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { hasFigures, openDescriptors } from './process-figures.ts';
import { adminOf, expectStatus, type RegistryClient, sha256 } from './registry-client.ts';
import { objectFiles, scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const MiB = 1024 * 1024;

/** A connection on which the test writes what it likes. */
async function rawConnection(server: ServerProcess): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The head of a request as bytes. */
function head(client: RegistryClient, method: string, path: string, bodyBytes?: number): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${new URL(client.server.url).host}`,
    `Authorization: ${client.authorization}`,
    ...(bodyBytes === undefined ? [] : [`Content-Length: ${bodyBytes}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Objects that rows speak of. Read by another process than the server's, whose locks that does not touch. */
function objectsInRows(data: string): string[] {
  const database = new DatabaseSync(join(data, 'cerulean.db'), { readOnly: true, timeout: 5000 });
  try {
    const rows = database.prepare('select distinct object from segment where object is not null').all();
    return rows.map((row) => String(row['object'])).sort();
  } finally {
    database.close();
  }
}

const fileNames = async (data: string): Promise<string[]> =>
  (await objectFiles(data)).map((file) => file.slice(-32)).sort();

test('clients that vanish leave no descriptor and no object without a row; what came of their uploads is kept', async () => {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  await using server = await startServer({ data, args: ['--workers', '2'] });
  const client = adminOf(server);
  const large = await client.pushBlob('app', randomBytes(16 * MiB));
  expectStatus(await client.getBlob('app', large), 200);
  const before = hasFigures ? openDescriptors(server.pid) : 0;
  const filesBefore = await fileNames(data);

  const uploads = await Promise.all(Array.from({ length: 12 }, () => client.startUpload('app')));
  const sockets = await Promise.all(Array.from({ length: 40 }, () => rawConnection(server)));
  const [saysNothing, halfHeads, halfBodies, readers] = [0, 8, 16, 28].map((from, at, all) =>
    sockets.slice(from, all[at + 1]),
  );
  for (const socket of halfHeads ?? []) socket.write('GET /v2/ HTTP/1.1\r\nHost: half');
  const bytes = randomBytes(300_000);
  for (const [index, socket] of (halfBodies ?? []).entries()) {
    socket.write(head(client, 'PATCH', uploads[index] ?? '', 2 * bytes.length));
    socket.write(bytes);
  }
  for (const socket of readers ?? []) {
    socket.write(head(client, 'GET', `/v2/app/blobs/${large}`));
    await once(socket, 'readable');
  }
  await sleep(300);
  for (const socket of [...(saysNothing ?? []), ...(readers ?? []), ...(halfHeads ?? [])])
    socket.resetAndDestroy();
  for (const socket of halfBodies ?? []) socket.destroy();

  await eventually(async () => {
    for (const upload of uploads) expect(await client.offsetOf(upload)).toBe(bytes.length);
  });
  const files = await fileNames(data);
  expect(files).toHaveLength(filesBefore.length + uploads.length);
  expect(files).toEqual(objectsInRows(data));
  if (hasFigures) {
    // Object files that were just read stay open for a while, by design; connections do not.
    await eventually(async () => expect(openDescriptors(server.pid)).toBeLessThanOrEqual(before + 4));
  }
  const [upload = ''] = uploads;
  expectStatus(await client.finish(upload, sha256(Buffer.concat([bytes, bytes])), bytes), 201);
});

test('what can not be stored leaves no object: a wrong digest, a chunk at a wrong place, a chunk that is too long', async () => {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  await using server = await startServer({ data });
  const client = adminOf(server);
  const bytes = randomBytes(100_000);
  const upload = await client.startUpload('app');
  expectStatus(await client.patch(upload, bytes), 202);
  const files = await fileNames(data);
  const wrong = [
    await client.call(`/v2/app/blobs/uploads/?digest=${sha256('other')}`, { method: 'POST', body: bytes }),
    await client.finish(upload, sha256('other'), bytes),
    await client.call(upload, { method: 'PATCH', body: bytes, headers: { 'content-range': '5-100004' } }),
    await client.call(upload, {
      method: 'PATCH',
      body: bytes,
      headers: { 'content-range': '100000-150000' },
    }),
  ];
  expect(wrong.map(({ status }) => status)).toEqual([400, 400, 416, 400]);
  await eventually(async () => expect(await fileNames(data)).toEqual(files));
  expect(await client.offsetOf(upload)).toBe(bytes.length);
});

/** The times of `limits.ts` and how often they are looked at, short enough for a test. */
const hurried: Patch[] = [
  {
    file: 'packages/server/src/limits.ts',
    replace: [
      ['bodyIdleMs: {\n    value: 60_000', 'bodyIdleMs: {\n    value: 1000'],
      ['responseIdleMs: {\n    value: 60_000', 'responseIdleMs: {\n    value: 1000'],
      ['headersTimeoutMs: {\n    value: 30_000', 'headersTimeoutMs: {\n    value: 1000'],
    ],
  },
  {
    file: 'packages/server/src/http/node-server.ts',
    replace: [['checkIntervalMs: 5000', 'checkIntervalMs: 200']],
  },
];

test('who is too slow is let go: with headers, with a body, with taking an answer', async () => {
  await withPatchedSource(hurried, async (project) => {
    await using folder = await scratchFolder();
    await using server = await startServer({ data: join(folder.path, 'data'), project });
    const client = adminOf(server);
    const large = await client.pushBlob('app', randomBytes(24 * MiB));
    const upload = await client.startUpload('app');
    const bytes = randomBytes(50_000);
    const [headers, body, taking] = await Promise.all([1, 2, 3].map(() => rawConnection(server)));
    if (headers === undefined || body === undefined || taking === undefined) throw new Error('no connection');
    headers.write('GET /v2/ HTTP/1.1\r\nHost: ');
    body.write(head(client, 'PATCH', upload, 100_000));
    body.write(bytes);
    taking.write(head(client, 'GET', `/v2/app/blobs/${large}`));

    expect(await text(headers)).toMatch(/^HTTP\/1\.1 408 /);
    expect(await text(body)).toMatch(/^HTTP\/1\.1 408 [\s\S]*BLOB_UPLOAD_INVALID/);
    expect(await client.offsetOf(upload)).toBe(bytes.length);
    await eventually(async () =>
      expect(server.log().some((line) => line['operation'] === 'oci.end-2')).toBe(true),
    );
    taking.destroy();
  });
});
