/** Carries out a plan on a real server, and holds every answer against the model. */
import { createHash, randomBytes } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCall, type Reply, replyTo } from '../process/http-call.ts';
import { adminOf, expectStatus, RegistryClient, withDigest } from '../process/registry-client.ts';
import type { RestartableServer } from './restartable-server.ts';
import type { Framing, UploadAction, UploadPlan } from './upload-actions.ts';
import { UploadModel } from './upload-model.ts';

/** What happened over all plans: what may be left behind is reckoned from it. */
export interface UploadTally {
  plans: number;
  requests: number;
  cuts: number;
  /** Requests that were under way when the process was killed: each may leave one object without a row. */
  killedRequests: number;
  expiredTokens: number;
}

export async function runUploadPlan(
  server: RestartableServer,
  plan: UploadPlan,
  tally: UploadTally,
): Promise<void> {
  const session = new UploadSession(server, tally);
  tally.plans += 1;
  await session.start(plan.algorithm);
  for (const action of plan.actions) await session.act(action);
  await session.finish(plan.finish);
}

const repository = 'races/uploads';
/** As often an upload may have moved under a request because of one that was cut off before. */
const looksMax = 50;

interface Body {
  readonly bytes: Buffer;
  readonly framing: Framing;
  readonly offset?: number;
}

class UploadSession {
  readonly #server: RestartableServer;
  readonly #tally: UploadTally;
  #model = new UploadModel();
  #token = '';
  /** A path: it outlives the port. */
  #upload = '';
  #algorithm: 'sha256' | 'sha512' | undefined;
  #lastChunk: { readonly offset: number; readonly bytes: Buffer } | undefined;

  constructor(server: RestartableServer, tally: UploadTally) {
    this.#server = server;
    this.#tally = tally;
  }

  async start(algorithm: 'sha256' | 'sha512' | undefined): Promise<void> {
    this.#algorithm = algorithm;
    const query = algorithm === undefined ? '' : `?digest-algorithm=${algorithm}`;
    let reply: Reply;
    do {
      this.#token = await adminOf(this.#server.now).token(`repository:${repository}:pull,push`, '127.0.0.1');
      reply = await this.#client().call(`/v2/${repository}/blobs/uploads/${query}`, { method: 'POST' });
      // On a busy machine so short a lifetime may be over by now.
    } while (reply.status === 401);
    expectStatus(reply, 202);
    this.#upload = reply.headers.location ?? '';
    this.#model = new UploadModel();
    this.#lastChunk = undefined;
  }

  async act(action: UploadAction): Promise<void> {
    switch (action.kind) {
      case 'append':
        return this.#append(randomBytes(action.size), action.framing);
      case 'cut':
        return this.#cut(action);
      case 'duplicate':
        if (this.#lastChunk !== undefined)
          await this.#refusedAt(this.#lastChunk.offset, this.#lastChunk.bytes);
        return;
      case 'gap':
        return this.#refusedAt(this.#model.kept.length + action.gap, randomBytes(1000), 'gap');
      case 'fromZero':
        if (this.#model.kept.length > 0) await this.#refusedAt(0, randomBytes(action.size));
        return;
      case 'parallel':
        return this.#parallel(action.sizes, action.isRanged);
      case 'wrongDigest':
        return this.#wrongDigest(randomBytes(action.size));
      case 'restart':
        return this.#restart(action.signal, randomBytes(action.size));
      case 'tokenExpires':
        return this.#waitUntilTokenExpires();
      case 'cancel':
        await this.#cancel();
        return this.start(this.#algorithm);
    }
  }

  /** Finishes, by the digest of what the model says; then the blob must be there, and the upload be over. */
  async finish({ algorithm, size, framing }: UploadPlan['finish']): Promise<void> {
    const tail = randomBytes(size);
    for (let look = 0; ; look += 1) {
      const whole = Buffer.concat([this.#model.kept, tail]);
      const digest = digestOf(whole, algorithm);
      const before = this.#model.kept.length;
      const reply = await this.#send('PUT', withDigest(this.#upload, digest), this.#body(tail, framing));
      if (reply.status === 201) return this.#expectBlob(whole, digest);
      await this.#observe();
      const isExplained = this.#model.kept.length > before;
      if (!isExplained) throw new Error(`finishing: ${reply.status} ${reply.text}`);
      if (look > looksMax) throw new Error('The upload does not come to rest.');
    }
  }

  async #append(bytes: Buffer, framing: Framing): Promise<void> {
    for (let look = 0; look <= looksMax; look += 1) {
      const offset = this.#model.kept.length;
      const reply = await this.#send('PATCH', this.#upload, this.#body(bytes, framing));
      if (reply.status === 202) {
        if (offsetTold(reply) !== offset + bytes.length)
          throw new Error(`It stands at ${offsetTold(reply)} after ${offset} and ${bytes.length} bytes.`);
        this.#model.acknowledged(bytes);
        this.#lastChunk = { offset, bytes };
        return;
      }
      expectStatus(reply, 416);
      this.#model.observed(offsetTold(reply));
      if (this.#model.kept.length === offset) throw new Error('It was refused from the place that it named.');
    }
    throw new Error('The upload does not come to rest.');
  }

  /** Behind a request of unknown end, only a chunk that says where it belongs is safe. */
  #body(bytes: Buffer, framing: Framing): Body {
    const isRanged = bytes.length > 0 && (framing === 'range' || this.#model.unsettled > 0);
    return { bytes, framing, ...(isRanged && { offset: this.#model.kept.length }) };
  }

  async #cut({ size, share, afterMs }: Extract<UploadAction, { kind: 'cut' }>): Promise<void> {
    this.#tally.cuts += 1;
    const bytes = randomBytes(size);
    const sent = bytes.subarray(0, Math.floor(size * share));
    const request = this.#open('PATCH', this.#upload, {
      bytes,
      framing: 'range',
      offset: this.#model.kept.length,
    });
    request.on('error', () => undefined);
    await sendPart(request, sent);
    await sleep(afterMs);
    request.destroy();
    this.#model.cutOff(sent);
    await this.#observe();
  }

  /** A chunk that does not belong where it says is refused, and the answer says where the upload stands. */
  async #refusedAt(offset: number, bytes: Buffer, kind = 'again'): Promise<void> {
    const reply = await this.#send('PATCH', this.#upload, { bytes, framing: 'range', offset });
    // Behind a gap the bytes of a request of unknown end may have come in the meantime.
    if (reply.status === 202 && kind === 'gap' && this.#model.unsettled > 0) {
      this.#model.observed(offset);
      return this.#model.acknowledged(bytes);
    }
    expectStatus(reply, 416);
    this.#model.observed(offsetTold(reply));
  }

  async #parallel(sizes: readonly number[], isRanged: boolean): Promise<void> {
    await this.#settle();
    const offset = this.#model.kept.length;
    const bodies = sizes.map((size) => randomBytes(size));
    const replies = await Promise.all(
      bodies.map((bytes) =>
        this.#send('PATCH', this.#upload, { bytes, framing: 'length', ...(isRanged && { offset }) }),
      ),
    );
    const winners = replies
      .map((reply, index) => ({ reply, bytes: bodies[index] ?? Buffer.alloc(0) }))
      .filter(({ reply }) => reply.status === 202)
      .sort((a, b) => offsetTold(a.reply) - offsetTold(b.reply));
    for (const reply of replies) if (reply.status !== 202) expectStatus(reply, 416);
    if (winners.length === 0) throw new Error('Of several requests from one place none got through.');
    if (isRanged && winners.length > 1) throw new Error('Several requests went on from one place.');
    for (const { reply, bytes } of winners) {
      this.#model.acknowledged(bytes);
      // Without a range a later one may go on where an earlier one ended; then each adds its own.
      if (offsetTold(reply) !== this.#model.kept.length)
        throw new Error(`It stands at ${offsetTold(reply)} instead of ${this.#model.kept.length}.`);
    }
    await this.#observe();
  }

  /** It is refused, what it brought is forgotten, and the upload stays. */
  async #wrongDigest(bytes: Buffer): Promise<void> {
    const digest = digestOf(randomBytes(8), 'sha256');
    const reply = await this.#send('PUT', withDigest(this.#upload, digest), this.#body(bytes, 'length'));
    if (reply.status === 416 && this.#model.unsettled > 0) return this.#model.observed(offsetTold(reply));
    expectStatus(reply, 400);
    if (reply.errorCode !== 'DIGEST_INVALID') throw new Error(`a wrong digest: ${reply.text}`);
    await this.#observe();
  }

  async #restart(signal: 'SIGTERM' | 'SIGKILL', bytes: Buffer): Promise<void> {
    if (signal === 'SIGKILL') this.#tally.killedRequests += 1 + this.#model.unsettled;
    const sent = bytes.subarray(0, Math.floor(bytes.length / 2));
    const offset = this.#model.kept.length;
    const request = this.#open('PATCH', this.#upload, { bytes, framing: 'range', offset });
    const answered = replyTo(request).catch(() => undefined);
    await sendPart(request, sent);
    await sleep(20);
    this.#model.cutOff(sent);
    await this.#server.restart(signal);
    const reply = await answered;
    if (reply !== undefined && reply.status !== 416) expectStatus(reply, 503);
    request.destroy();
    await this.#observe();
    this.#model.settled();
  }

  async #waitUntilTokenExpires(): Promise<void> {
    for (;;) {
      const reply = await this.#client().get('/v2/');
      if (reply.status === 401) break;
      expectStatus(reply, 200);
      await sleep(100);
    }
    this.#tally.expiredTokens += 1;
    const refused = await this.#client().call(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    expectStatus(refused, 401);
    // Its own upload is all that it is still good for.
    await this.#observe();
  }

  async #cancel(): Promise<void> {
    expectStatus(await this.#client().call(this.#upload, { method: 'DELETE' }), 204);
    await this.#expectOver();
  }

  async #expectOver(): Promise<void> {
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const reply = await this.#client().call(this.#upload, { method });
      // A token that has expired is good for an upload that goes on, and for nothing else.
      if (reply.status !== 401) expectStatus(reply, 404);
    }
  }

  async #expectBlob(whole: Buffer, digest: string): Promise<void> {
    const reply = await adminOf(this.#server.now).getBlob(repository, digest);
    expectStatus(reply, 200);
    if (!reply.body.equals(whole)) throw new Error(`The blob ${digest} has other bytes.`);
    await this.#expectOver();
  }

  /** Asks where the upload stands. */
  async #observe(): Promise<void> {
    const reply = await this.#send('GET', this.#upload);
    expectStatus(reply, 204);
    this.#model.observed(offsetTold(reply));
  }

  /** Adds a byte behind whatever is still under way: then nothing is. */
  async #settle(): Promise<void> {
    if (this.#model.unsettled > 0) await this.#append(randomBytes(1), 'range');
  }

  #client(): RegistryClient {
    return new RegistryClient(this.#server.now, { bearer: this.#token });
  }

  #send(method: string, path: string, body?: Body): Promise<Reply> {
    const request = this.#open(method, path, body);
    request.end(body?.bytes);
    return replyTo(request);
  }

  #open(method: string, path: string, body?: Body) {
    this.#tally.requests += 1;
    const about = this.#client().about(path);
    return openCall({ ...about, method, headers: { ...about.headers, ...headersOf(body) } });
  }
}

/** Sends the head of a request and this part of its body, which is handed to the system then. */
async function sendPart(request: ClientRequest, part: Buffer): Promise<void> {
  if (part.length === 0) return request.flushHeaders();
  await new Promise<void>((resolve) => request.write(part, () => resolve()));
}

function headersOf(body: Body | undefined): Record<string, string> {
  if (body === undefined) return {};
  const { bytes, framing, offset } = body;
  return {
    ...(framing === 'chunked'
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(bytes.length) }),
    ...(offset !== undefined && { 'content-range': `${offset}-${offset + bytes.length - 1}` }),
  };
}

/** Where the upload stands: the Range header says the same of 0 bytes as of 1, so the Location is asked. */
function offsetTold({ status, headers }: Reply): number {
  const state = /[?&]_state=(\d+)$/.exec(headers.location ?? '')?.[1];
  if (state === undefined) throw new Error(`An answer of ${status} does not say where the upload stands.`);
  const offset = Number(state);
  const range = `0-${Math.max(0, offset - 1)}`;
  if (headers.range !== range) throw new Error(`Range ${headers.range} of ${offset} bytes.`);
  return offset;
}

const digestOf = (bytes: Buffer, algorithm: string): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
