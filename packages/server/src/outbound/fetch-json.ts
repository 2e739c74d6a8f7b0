import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import type { FetchJson } from '../identity/outside-keys.ts';

/**
 * Makes the fetch of small JSON documents from addresses that an operator named. Redirects are not followed, whatever is
 * not 200 is an error, and so is what is larger than `bytesMax` or not there after `timeoutMs`. `ca` takes the place of
 * the system's authorities. Throws an Error whose message names the address and what went wrong.
 */
export function createFetchJson(bounds: {
  readonly bytesMax: number;
  readonly timeoutMs: number;
}): FetchJson {
  return async (url, { ca }) => {
    const signal = AbortSignal.timeout(bounds.timeoutMs);
    try {
      const response = await ask(url, { ca, signal });
      return JSON.parse(await textOf(response, bounds.bytesMax)) as unknown;
    } catch (error) {
      const why = signal.aborted ? `no answer within ${bounds.timeoutMs} ms` : messageOf(error);
      throw new Error(`${url}: ${why}`, { cause: error });
    }
  };
}

function ask(
  url: string,
  { ca, signal }: { readonly ca: string | undefined; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'cerulean' };
  return new Promise((resolve, reject) => {
    // A connection of its own for each: they are minutes apart, and none is left open.
    const options = { headers, signal, agent: false } as const;
    const request =
      new URL(url).protocol === 'http:'
        ? getHttp(url, options, resolve)
        : getHttps(url, ca === undefined ? options : { ...options, ca }, resolve);
    request.once('error', reject);
  });
}

async function textOf(response: IncomingMessage, bytesMax: number): Promise<string> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.destroy();
    const isRedirect = statusCode >= 300 && statusCode < 400;
    throw new Error(`it answered ${statusCode}${isRedirect ? ', and redirects are not followed' : ''}`);
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new Error(`it answered more than ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
}

/** A failed connection to several addresses has its reasons inside. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
