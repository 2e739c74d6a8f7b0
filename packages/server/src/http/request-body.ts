import { RegistryError, type RegistryErrorCode } from '../errors.ts';
import type { IncomingBody } from '../registry/receive-body.ts';
import { bodyLength } from './body-length.ts';
import { BodyPieces } from './body-pieces.ts';
import type { Exchange } from './exchange.ts';

/**
 * The body of a request, read only when somebody asks for it; only then is a client that waits for `100 Continue` told
 * to send. It ends with BodyInterrupted when the client goes away or brings nothing for `bodyIdleMs`.
 */
export function requestBody(exchange: Exchange): IncomingBody {
  return { chunks: new BodyPieces(exchange), lengthBytes: bodyLength(exchange.request) };
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
