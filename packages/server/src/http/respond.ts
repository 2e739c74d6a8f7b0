import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../limits.ts';
import { bodyLength } from './body-length.ts';
import { commonHeaders, type HeaderValues } from './common-headers.ts';
import type { Exchange } from './exchange.ts';

/** A whole answer. `body` is sent as it is, never compressed; HEAD gets its headers only. */
export interface Answer {
  readonly status: number;
  readonly headers?: HeaderValues;
  readonly body?: Uint8Array | string;
}

/** Sends an answer, on both ways through the server, with the headers that all answers have. */
export function respond(exchange: Exchange, answer: Answer): void {
  const { request, response } = exchange;
  const body = answer.body === undefined ? undefined : asBuffer(answer.body);
  const headers: HeaderValues = { ...commonHeaders(exchange), ...answer.headers };
  // RFC 9110 section 8.6: neither has a length of its own.
  if (answer.status !== 204 && answer.status !== 304) headers['Content-Length'] ??= body?.length ?? 0;
  const unwanted = hasUnreadBody(exchange);
  if (unwanted) headers['Connection'] = 'close';
  response.writeHead(answer.status, headers as Record<string, string | number | string[]>);
  const sent = request.method === 'HEAD' ? undefined : body;
  // Whoever waits to be told to send has sent nothing yet.
  if (!unwanted || exchange.awaitsContinue) endWithinTime(exchange, sent);
  else void sendBeforeClosing({ request, response, body: sent });
}

/**
 * Up to here the body is handed over as text in which each character is a byte. Node joins that with the headers and
 * writes both at once; a Buffer would be a second piece of a gathered write, which costs twice as much.
 */
const joinedBytesMax = 16 * 1024;

/** Ends a response; the server disconnects a client that doesn't take it within `responseIdleMs`. */
export function endWithinTime(exchange: Exchange, body?: Uint8Array): void {
  const { response } = exchange;
  if (body === undefined) response.end();
  else if (body.length <= joinedBytesMax) response.end(asBuffer(body).toString('latin1'), 'latin1');
  else response.end(body);
  exchange.answered = true;
}

/** True when more of the request's body may come than is worth reading for the sake of the connection. */
function hasUnreadBody({ request, awaitsContinue, bytesIn }: Exchange): boolean {
  if (request.complete || bodyLength(request) === 0) return false;
  if (awaitsContinue) return true;
  const length = bodyLength(request);
  return length === undefined || length - bytesIn > limits.unwantedKeptBytesMax;
}

/**
 * Sends the answer while the client may still be sending. Closing at once would reset the connection, and the client
 * might never read why it was refused; so some of its body is read and thrown away first.
 */
async function sendBeforeClosing(sending: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Uint8Array | undefined;
}): Promise<void> {
  const { request, response, body } = sending;
  if (body === undefined || body.length === 0) response.flushHeaders();
  else response.write(body);
  let left = limits.unwantedBytesMax;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limits.unwantedMs);
    response.once('close', () => clearTimeout(timer));
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
    for (const event of ['end', 'close', 'error']) request.once(event, () => resolve());
    request.resume();
  });
  response.end();
}

/** The same bytes, not a copy of them. */
function asBuffer(body: Uint8Array | string): Buffer {
  return typeof body === 'string'
    ? Buffer.from(body)
    : Buffer.from(body.buffer, body.byteOffset, body.length);
}
