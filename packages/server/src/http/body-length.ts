import type { IncomingMessage } from 'node:http';

/** Content-Length; 0 when there is no body at all; undefined when only its end will tell. */
export function bodyLength(request: IncomingMessage): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined;
  return Number(request.headers['content-length'] ?? 0);
}
