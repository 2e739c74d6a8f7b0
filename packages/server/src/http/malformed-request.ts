import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorJson, jsonType } from './oci/errors.ts';

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const messages: Readonly<Record<number, string>> = {
  400: 'The request is not well-formed HTTP/1.1.',
  408: 'The headers of the request did not come to their end in time.',
  413: 'The extensions of the chunks are too long.',
  431: 'The headers of the request are too long.',
};

/**
 * Answers what the HTTP parser could not read, and closes: where the next request would begin nobody knows. When an
 * answer is under way, a second one would only be mistaken for a part of it; what was written of it still goes out.
 */
export function answerMalformed(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  if (isAnswering(socket)) return void socket.end(() => socket.destroy());
  const status = statuses[error.code ?? ''] ?? 400;
  const body = errorJson('UNSUPPORTED', messages[status] ?? 'Bad request.');
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Docker-Distribution-Api-Version: registry/2.0',
    `Content-Type: ${jsonType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** Node keeps the response that a socket is busy with there; its own default looks at the same. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: response } = socket as { _httpMessage?: { headersSent: boolean } | null };
  return response?.headersSent === true;
}
