import type { Exchange } from './exchange.ts';
import { remainingCallsHeader, remainingCallsText } from './remaining-calls.ts';

/** Value or values of a header. */
export type HeaderValues = Record<string, string | number | readonly string[]>;

/** What a browser's script may read. ACR sends one line for each, which means the same. */
const exposedHeaders = 'Docker-Content-Digest, WWW-Authenticate, Link, X-Ms-Correlation-Request-Id';

/** The headers of every answer, as ACR has them (recorded), on both ways through the server. */
export function commonHeaders(exchange: Exchange): HeaderValues {
  const { requestId, request, admission } = exchange;
  const headers: HeaderValues = {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'Access-Control-Expose-Headers': exposedHeaders,
    'X-Content-Type-Options': 'nosniff',
    'X-Ms-Correlation-Request-Id': requestId,
    'X-Ms-Request-Id': requestId,
  };
  const clientId = request.headers['x-ms-client-request-id'];
  const wantsBack = request.headers['x-ms-return-client-request-id'] === 'true';
  if (wantsBack && typeof clientId === 'string' && /^[\w.:-]{1,128}$/.test(clientId)) {
    headers['X-Ms-Client-Request-Id'] = clientId;
  }
  if (admission?.callsLeft !== undefined)
    headers[remainingCallsHeader] = remainingCallsText(admission.callsLeft);
  if (exchange.encrypted) headers['Strict-Transport-Security'] = 'max-age=31536000; includeSubDomains';
  return headers;
}
