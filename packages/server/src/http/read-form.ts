import { limits } from '../limits.ts';
import type { Exchange } from './exchange.ts';
import { HttpRefusal } from './http-refusal.ts';
import { readSmallBody } from './request-body.ts';

const formType = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** The form that a token endpoint is sent (RFC 6749 section 4). @throws bad_request, with 415 for another type */
export async function readForm(exchange: Exchange): Promise<URLSearchParams> {
  if (!formType.test(exchange.request.headers['content-type'] ?? '')) {
    const message = 'The body must be a form: Content-Type: application/x-www-form-urlencoded.';
    throw new HttpRefusal('bad_request', message, { status: 415 });
  }
  const most = { bytesMax: limits.oauthBodyBytesMax, code: 'bad_request', what: 'The form' } as const;
  return new URLSearchParams((await readSmallBody(exchange, most)).toString('utf8'));
}
