import { RegistryError } from '../../errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { BodyInterrupted } from '../../registry/body-interrupted.ts';
import { StorageFailure } from '../../storage/blobs/storage-failure.ts';
import { ChallengeError } from '../challenge-error.ts';
import type { HeaderValues } from '../common-headers.ts';
import type { Exchange } from '../exchange.ts';
import { HttpRefusal } from '../http-refusal.ts';
import { type Answer, respond } from '../respond.ts';
import { errorJson, jsonType, ociErrors, retryAfterSeconds } from './errors.ts';
import { uploadHeaders } from './upload-headers.ts';

/**
 * Answers an error, whatever it is, on both ways through the server. Refusals are the client's business and are shown
 * to it; failures of the world are warned of, and the client may come again; all else is a bug: it is logged with its
 * stack, and the client learns the request's id and nothing more.
 */
export function answerError(exchange: Exchange, error: unknown, log: Logger): void {
  const answer = translate(exchange, error, log);
  if (exchange.response.headersSent) {
    // The status can't be changed any more; a body cut short is what tells the client.
    exchange.response.destroy();
    return;
  }
  respond(exchange, answer);
}

function translate(exchange: Exchange, error: unknown, log: Logger): Answer {
  const { requestId } = exchange;
  if (error instanceof BodyInterrupted) return interrupted(exchange, error);
  if (error instanceof RegistryError) {
    exchange.outcome = error.code;
    return refusal(exchange, error);
  }
  if (exchange.signal.aborted) {
    // Whatever broke, it broke because the client went away; nobody will read the answer.
    exchange.outcome = 'client_gone';
    return plain(503, 'UNAVAILABLE', 'The client went away.');
  }
  if (error instanceof StorageFailure) {
    exchange.outcome = `storage:${error.code}`;
    log.warn({ requestId, failure: error.code, err: error }, 'storage failure');
    if (error.code === 'disk_full') return plain(ociErrors.storage_full.status, 'UNAVAILABLE', 'The storage of the registry is full.');
    return plain(503, 'UNAVAILABLE', `The storage of the registry failed; try again. Request: ${requestId}`);
  }
  exchange.outcome = 'bug';
  log.error({ requestId, err: error }, 'bug');
  return plain(500, 'UNKNOWN', `Something went wrong in the registry. Tell its operator the request's id: ${requestId}`);
}

function refusal(exchange: Exchange, error: RegistryError): Answer {
  const { status, code } = ociErrors[error.code];
  const answer = plain(error instanceof HttpRefusal ? (error.status ?? status) : status, code, error.message, detailOf(exchange, error));
  const headers: HeaderValues = { ...answer.headers };
  if (error instanceof HttpRefusal) Object.assign(headers, error.headers);
  if (error instanceof ChallengeError) headers['WWW-Authenticate'] = error.challenge;
  if (error.code === 'upload_offset') Object.assign(headers, uploadHeaders(exchange, offsetIn(error)));
  return { ...answer, headers };
}

function plain(status: number, code: Parameters<typeof errorJson>[0], message: string, detail?: unknown): Answer {
  const headers: HeaderValues = { 'Content-Type': jsonType };
  if (status === 429 || status === 503) headers['Retry-After'] = retryAfterSeconds[status];
  return { status, headers, body: errorJson(code, message, detail) };
}

function interrupted(exchange: Exchange, error: BodyInterrupted): Answer {
  const code = error.reason === 'closing' ? 'shutting_down' : 'body_too_slow';
  exchange.outcome = error.reason === 'gone' ? 'client_gone' : code;
  const { status, code: wireCode } = ociErrors[code];
  const answer = plain(status, wireCode, 'The body did not come to its end in time. What came of it is kept: ask where the upload stands, and go on from there.');
  return { ...answer, headers: { ...answer.headers, Connection: 'close' } };
}

/** ACR has a `detail` of null at its base, and none for an unknown tag. */
function detailOf(exchange: Exchange, error: RegistryError): unknown {
  if (error.code === 'tag_unknown') return undefined;
  if (error instanceof ChallengeError && exchange.url.target.kind === 'base') return null;
  return error.detail;
}

function offsetIn({ detail }: RegistryError): number {
  const offset = detail !== undefined && !Array.isArray(detail) ? (detail as { readonly offsetBytes?: unknown }).offsetBytes : 0;
  return typeof offset === 'number' ? offset : 0;
}
