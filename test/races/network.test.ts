/**
 * T13, in part. Proves that a faulty network (Toxiproxy between client and server) spoils nothing: what comes late or
 * byte by byte is stored and sent as it is; after a connection that breaks or is reset in the middle of a body the
 * upload goes on where it stood, and the download from where it broke; a connection that is half open is given up,
 * what came over it is kept, and others are served meanwhile. Afterwards descriptors, timers and unfinished uploads
 * are what they were. The planted bugs show that the checks see bytes that were forgotten, a client that is waited for
 * for ever, and a download that goes on from the wrong place.
 */
import { randomBytes } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../process/eventually.ts';
import { openCall, replyTo } from '../process/http-call.ts';
import type { Patch } from '../process/patched-source.ts';
import { expectStatus, type RegistryClient, sha256 } from '../process/registry-client.ts';
import { type Apart, expectNothingLeft, expectReleased, withFaultyNetwork } from './faulty-network.ts';
import { descriptorsOf } from './server-resources.ts';

const MiB = 1024 * 1024;
const repository = 'far/away';
/** More than the head of any request here. */
const headBytesMax = 1000;

/** Asks where an upload stands, sends the rest, ends it, and pulls it. */
async function goOn(client: RegistryClient, upload: string, bytes: Buffer): Promise<void> {
  const offset = await client.offsetOf(upload);
  const headers = { 'content-range': `${offset}-${bytes.length - 1}` };
  const body = bytes.subarray(offset);
  expectStatus(await client.call(upload, { method: 'PATCH', body, headers }), 202);
  expectStatus(await client.finish(upload, sha256(bytes)), 201);
  const pulled = await client.getBlob(repository, sha256(bytes));
  expect(pulled.body.equals(bytes)).toBe(true);
}

/** A chunk of an upload whose body the test sends itself. */
function startPatch(client: RegistryClient, upload: string, bodyBytes: number): ClientRequest {
  const about = client.about(upload);
  const headers = { ...about.headers, 'content-length': String(bodyBytes) };
  return openCall({ ...about, method: 'PATCH', headers });
}

/** Waits until what came over a broken connection has reached storage; it may still be on its way. */
async function expectKept(
  client: RegistryClient,
  upload: string,
  wanted: { readonly bytesMin: number; readonly withinMs?: number },
): Promise<number> {
  let kept = 0;
  await eventually(async () => {
    kept = await client.offsetOf(upload);
    if (kept < wanted.bytesMin) throw new Error(`of ${wanted.bytesMin} bytes ${kept} were kept`);
  }, wanted.withinMs);
  return kept;
}

/** @param withinMs how long what came may take until it is kept */
async function goOnAfterBreaks(
  { near, far, network }: Apart,
  { limits, withinMs }: { readonly limits: readonly number[]; readonly withinMs?: number },
): Promise<void> {
  const bytes = randomBytes(3 * MiB);
  for (const limit of limits) {
    const upload = await near.startUpload(repository);
    await network.add('upstream', { type: 'limit_data', attributes: { bytes: limit } });
    await expect(far.patch(upload, bytes)).rejects.toThrow();
    await network.heal();
    const bytesMin = Math.max(0, limit - headBytesMax);
    const kept = await expectKept(near, upload, { bytesMin, ...(withinMs !== undefined && { withinMs }) });
    expect(kept).toBeLessThanOrEqual(limit);
    // Each limit has a blob of its own.
    await goOn(near, upload, Buffer.concat([bytes, Buffer.from(String(limit))]));
  }
}

/** What comes of a range until its connection breaks. */
function takeUntilBroken(request: ClientRequest): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  return new Promise((resolve, reject) => {
    request.on('error', () => resolve(pieces));
    request.on('response', (response) => {
      if (response.statusCode !== 206) return reject(new Error(`answered by ${response.statusCode}`));
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', () => undefined);
      response.on('close', () => resolve(pieces));
    });
    request.end();
  });
}

/** Takes a blob through a connection that breaks again and again; each time it goes on behind what it has. */
async function takeInPieces({ near, far, network }: Apart): Promise<void> {
  const bytes = randomBytes(3 * MiB);
  const digest = await near.pushBlob(repository, bytes);
  const pieces: Buffer[] = [];
  const length = (): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
  await network.add('downstream', { type: 'limit_data', attributes: { bytes: 900_000 } });
  let rounds = 0;
  for (; length() < bytes.length && rounds < 10; rounds += 1) {
    const about = far.about(`/v2/${repository}/blobs/${digest}`);
    const headers = { ...about.headers, range: `bytes=${length()}-` };
    pieces.push(...(await takeUntilBroken(openCall({ ...about, headers }))));
  }
  expect(rounds).toBeGreaterThan(3);
  if (!Buffer.concat(pieces).equals(bytes)) throw new Error(`other bytes after ${rounds} rounds`);
}

/** @param withinMs how long the server may take to give up what hangs */
async function hangHalfOpen(apart: Apart, withinMs: number): Promise<void> {
  const { near, far, network } = apart;
  const bytes = randomBytes(MiB);
  const digest = await near.pushBlob(repository, randomBytes(32 * MiB));
  const upload = await near.startUpload(repository);
  const sending = startPatch(far, upload, bytes.length);
  const answered = replyTo(sending).catch(() => undefined);
  const half = bytes.subarray(0, 300_000);
  await new Promise((resolve) => sending.write(half, resolve));
  const taking = openCall(far.about(`/v2/${repository}/blobs/${digest}`));
  taking.on('error', () => undefined);
  const taken = new Promise<void>((resolve) => {
    taking.on('response', (response) => {
      response.pause();
      resolve();
    });
  });
  taking.end();
  await taken;
  await sleep(300);
  // From now on nothing of the one comes through, and the other takes nothing; no end of either is told.
  await network.add('upstream', { type: 'timeout', attributes: { timeout: 0 } });
  sending.write(bytes.subarray(half.length, half.length + 1000));
  const image = await near.pushImage(repository, 'near', { layer: randomBytes(1000) });
  expect(await near.flawsOf(image)).toEqual([]);
  try {
    await expectReleased(apart, withinMs);
    expect(await expectKept(near, upload, { bytesMin: half.length })).toBe(half.length);
    await goOn(near, upload, bytes);
  } finally {
    sending.destroy();
    taking.destroy();
    await answered;
  }
}

test('an image goes through a network that is late and brings single bytes', async () => {
  await withFaultyNetwork([], async (apart) => {
    const { near, far, network } = apart;
    await network.add('upstream', { type: 'slicer', attributes: { average_size: 1, delay: 0 } });
    await network.add('downstream', { type: 'slicer', attributes: { average_size: 1, delay: 0 } });
    await network.add('downstream', { type: 'latency', attributes: { latency: 50, jitter: 40 } });
    const image = await far.pushImage(repository, 'slow', { layer: randomBytes(60_000) });
    expect(await far.flawsOf(image)).toEqual([]);
    await network.heal();
    expect(await near.flawsOf(image)).toEqual([]);
    await expectNothingLeft(apart);
  });
});

test('an upload goes on where it stood when its connection broke in the middle of a body', async () => {
  await withFaultyNetwork([], async (apart) => {
    await goOnAfterBreaks(apart, { limits: [1, 5000, 700_000, 2 * MiB] });
    await expectNothingLeft(apart);
  });
});

test('an upload goes on where it stood when its connection was reset', async () => {
  await withFaultyNetwork([], async (apart) => {
    const { server, near, far, network } = apart;
    const bytes = randomBytes(4 * MiB);
    for (const limit of [70_000, MiB, 3 * MiB]) {
      await network.add('upstream', { type: 'reset_peer', toxicity: 0, attributes: { timeout: 0 } });
      await network.add('upstream', { type: 'limit_data', attributes: { bytes: limit } });
      const upload = await near.startUpload(repository);
      const sending = startPatch(far, upload, bytes.length);
      const answered = replyTo(sending);
      answered.catch(() => undefined);
      const half = bytes.subarray(0, limit - headBytesMax);
      await new Promise((resolve) => sending.write(half, resolve));
      await eventually(async () => expect((await descriptorsOf(server.pid)).objectsWritten).toBe(1));
      sending.write(bytes.subarray(half.length));
      await expect(answered).rejects.toThrow('ECONNRESET');
      await network.heal();
      // A reset throws away what the kernel had not handed out yet, so how much is kept is open.
      const kept = await expectKept(near, upload, { bytesMin: 1 });
      expect(kept).toBeLessThanOrEqual(limit);
      await goOn(near, upload, Buffer.concat([bytes, Buffer.from(String(limit))]));
    }
    await expectNothingLeft(apart);
  });
});

test('a download that breaks goes on with a range, and no byte is wrong', async () => {
  await withFaultyNetwork([], async (apart) => {
    await takeInPieces(apart);
    await expectNothingLeft(apart);
  });
});

test('a connection that is half open is given up, what came is kept, and others are served meanwhile', async () => {
  await withFaultyNetwork([], async (apart) => {
    await hangHalfOpen(apart, 20_000);
    await expectNothingLeft(apart);
  });
});

const forgetsInterruptedBodies: Patch = {
  file: 'packages/server/src/registry/append-upload.ts',
  replace: [
    [
      'const received = await receiveBody(ports, { ...request, actor, state, hash });',
      `const received = await receiveBody(ports, { ...request, actor, state, hash });
  if (received.interrupted !== undefined) throw received.interrupted;`,
    ],
  ],
};

/** Undoes what makes this test's server impatient: it waits as long as the product. */
const waitsLong = (limit: 'bodyIdleMs' | 'responseIdleMs'): Patch => ({
  file: 'packages/server/src/limits.ts',
  replace: [[`${limit}: {\n    value: 2_000,`, `${limit}: {\n    value: 60_000,`]],
});

const goesOnOneTooFar: Patch = {
  file: 'packages/oci/src/range.ts',
  replace: [
    [
      'const start = first ?? Math.max(0, sizeBytes - (last ?? 0));',
      'const start = first ? first + 1 : (first ?? Math.max(0, sizeBytes - (last ?? 0)));',
    ],
  ],
};

describe('the check turns red when', () => {
  test('what came over a connection that broke is forgotten', async () => {
    const check = withFaultyNetwork([forgetsInterruptedBodies], (apart) =>
      goOnAfterBreaks(apart, { limits: [700_000], withinMs: 5000 }),
    );
    await expect(check).rejects.toThrow(/of \d+ bytes 0 were kept/);
  });

  test.each([
    ['a body that stands still', 'bodyIdleMs'],
    ['a client that takes nothing', 'responseIdleMs'],
  ] as const)('%s is waited for for ever', async (_what, limit) => {
    const check = withFaultyNetwork([waitsLong(limit)], (apart) => hangHalfOpen(apart, 8000));
    await expect(check).rejects.toThrow(/sockets are still open/);
  });

  test('a download goes on from the wrong place', async () => {
    const check = withFaultyNetwork([goesOnOneTooFar], takeInPieces);
    await expect(check).rejects.toThrow(/other bytes|answered by 416/);
  });
});
