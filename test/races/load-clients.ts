/** Clients of a crowd: the fair ones, who do their work, and those who do harm. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../process/registry-client.ts';
import { type Door, headOf, openSocket, RawClient } from './raw-client.ts';

/** What there is to be pulled. */
export interface LoadedContent {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: string;
  readonly smallDigest: string;
  readonly largeDigests: readonly string[];
}

export interface Crowd {
  /** Answers that each fair client has had. */
  readonly progress: number[];
  /** How far the slowest was when half of all their work was done. */
  readonly slowestAtHalf: number;
}

/** Fair clients work side by side, each on a connection of its own, until each has had so many right answers. */
export async function runFairClients(
  door: Door,
  content: LoadedContent,
  { count, requestsEach }: { readonly count: number; readonly requestsEach: number },
): Promise<Crowd> {
  const progress = Array.from({ length: count }, () => 0);
  let done = 0;
  let slowestAtHalf = 0;
  using opened = new DisposableStack();
  const clients: RawClient[] = [];
  for (let index = 0; index < count; index += 1) clients.push(opened.use(await RawClient.open(door)));
  const work = clients.map(async (client, index) => {
    for (let request = 0; request < requestsEach; request += 1) {
      await askFairly(client, content, index + request);
      progress[index] = request + 1;
      done += 1;
      if (done === Math.floor((count * requestsEach) / 2)) slowestAtHalf = Math.min(...progress);
    }
  });
  await Promise.all(work);
  return { progress, slowestAtHalf };
}

/** One request, mostly a pull; the answer must be right. */
async function askFairly(client: RawClient, content: LoadedContent, turn: number): Promise<void> {
  const { repository, tag, manifest, smallDigest } = content;
  const kind = turn % 10;
  if (kind === 0) {
    const body = randomBytes(2000);
    const path = `/v2/${repository}/blobs/uploads/?digest=${sha256(body)}`;
    const { status } = await client.ask({ method: 'POST', path, body });
    if (status !== 201) throw new Error(`a push was answered by ${status}`);
  } else if (kind < 6) {
    const { status, body } = await client.ask({ method: 'GET', path: `/v2/${repository}/manifests/${tag}` });
    if (status !== 200 || body.toString() !== manifest)
      throw new Error(`a manifest was answered by ${status}`);
  } else {
    const path = `/v2/${repository}/blobs/${smallDigest}`;
    const { status, body } = await client.ask({ method: 'GET', path });
    if (status !== 200 || sha256(body) !== smallDigest) throw new Error(`a blob was answered by ${status}`);
  }
}

/** Asks for a large blob and takes a KiB a second of it, until the crowd is over. */
export async function readSlowly(door: Door, path: string, over: AbortSignal): Promise<void> {
  const socket = await openSocket(door);
  socket.pause();
  socket.write(headOf(door, { method: 'GET', path }));
  while (!over.aborted && !socket.destroyed) {
    socket.read(1024);
    await sleep(1000, undefined, { signal: over }).catch(() => undefined);
  }
  socket.destroy();
}

async function startUpload(client: RawClient, repository: string): Promise<string> {
  const path = `/v2/${repository}/blobs/uploads/`;
  const { head } = await client.ask({ method: 'POST', path, bodyBytes: 0 });
  return /^location: (\S+)$/im.exec(head)?.[1] ?? '';
}

/** Sends so much of a body and then nothing more, until it is over; then goes away. */
export async function stallInMidBody(
  door: Door,
  {
    repository,
    bytes,
    over,
  }: { readonly repository: string; readonly bytes: Buffer; readonly over: AbortSignal },
): Promise<void> {
  using client = await RawClient.open(door);
  const upload = await startUpload(client, repository);
  client.socket.write(headOf(door, { method: 'PATCH', path: upload, bodyBytes: 2 * bytes.length }));
  client.socket.write(bytes);
  await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve()));
  client.socket.resetAndDestroy();
}

/** Begins an upload and goes away in the middle of its body. Answers the upload's path. */
export async function goneInMidBody(door: Door, repository: string): Promise<string> {
  using client = await RawClient.open(door);
  const upload = await startUpload(client, repository);
  client.socket.write(headOf(door, { method: 'PATCH', path: upload, bodyBytes: 200_000 }));
  await new Promise((resolve) => client.socket.write(randomBytes(90_000), resolve));
  await sleep(50);
  client.socket.resetAndDestroy();
  return upload;
}

/** Sends half of a head, and no more. */
export async function neverAsks(door: Door, over: AbortSignal): Promise<void> {
  const socket = await openSocket(door);
  socket.write('GET /v2/ HTTP/1.1\r\nHost: ');
  await new Promise<void>((resolve) => {
    over.addEventListener('abort', () => resolve());
    socket.once('close', () => resolve());
  });
  socket.destroy();
}

/** Sends requests without waiting for answers, as fast as they are taken. Answers how many were answered. */
export async function flood(door: Door, path: string, over: AbortSignal): Promise<number> {
  using client = await RawClient.open(door);
  const { socket } = client;
  let answered = 0;
  const count = (): void => {
    answered += 1;
  };
  const burst = (): void => {
    if (over.aborted || socket.destroyed) return;
    for (let sent = 0; sent < 64; sent += 1) client.ask({ method: 'GET', path }).then(count, () => undefined);
    // A full socket calls when it has room again.
    if (!socket.writableNeedDrain) setTimeout(burst, 1);
  };
  socket.on('drain', burst);
  burst();
  await new Promise<void>((resolve) => {
    over.addEventListener('abort', () => resolve());
    socket.once('close', () => resolve());
  });
  return answered;
}
