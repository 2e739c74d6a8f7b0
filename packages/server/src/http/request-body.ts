import type { IncomingMessage } from 'node:http';
import { RegistryError, type RegistryErrorCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { BodyInterrupted } from '../registry/body-interrupted.ts';
import type { IncomingBody } from '../registry/receive-body.ts';
import type { Exchange } from './exchange.ts';

/**
 * The body of a request, read only when somebody asks for it; only then is a client that waits for `100 Continue` told
 * to send. It ends with BodyInterrupted when the client goes away or brings nothing for `bodyIdleMs`.
 */
export function requestBody(exchange: Exchange): IncomingBody {
  return { chunks: chunksOf(exchange), lengthBytes: bodyLength(exchange.request) };
}

/** Content-Length; 0 when there is no body at all; undefined when only its end will tell. */
export function bodyLength(request: IncomingMessage): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined;
  return Number(request.headers['content-length'] ?? 0);
}

/** The whole body of a request that must be small. @throws the given code, before more than `bytesMax` are kept */
export async function readSmallBody(
  exchange: Exchange,
  most: { readonly bytesMax: number; readonly code: RegistryErrorCode; readonly what: string },
): Promise<Buffer> {
  const { chunks, lengthBytes } = requestBody(exchange);
  const { bytesMax, code, what } = most;
  const tooLarge = (): RegistryError =>
    new RegistryError(code, `${what} may have at most ${bytesMax} bytes.`, { maxBytes: bytesMax });
  if (lengthBytes !== undefined && lengthBytes > bytesMax) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

async function* chunksOf(exchange: Exchange): AsyncGenerator<Uint8Array, void, void> {
  const { request, response } = exchange;
  if (bodyLength(request) === 0) return;
  if (exchange.awaitsContinue) response.writeContinue();
  exchange.awaitsContinue = false;
  // Left alive when the reading stops early: its connection carries the answer.
  const chunks = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await withinIdleTime(exchange, chunks.next());
    if (next.done === true) return;
    exchange.bytesIn += next.value.length;
    yield next.value;
  }
}

/** The time runs only while the client is waited for, not while its bytes are stored. */
function withinIdleTime(
  exchange: Exchange,
  next: Promise<IteratorResult<Buffer>>,
): Promise<IteratorResult<Buffer>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new BodyInterrupted('too_slow'))), limits.bodyIdleMs);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      exchange.interruptBody = undefined;
      settle();
    };
    exchange.interruptBody = () => end(() => reject(new BodyInterrupted('closing')));
    next.then(
      (result) => end(() => resolve(result)),
      (cause: unknown) => end(() => reject(new BodyInterrupted('gone', { cause }))),
    );
  });
}
