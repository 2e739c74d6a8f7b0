import type { WireErrorCode } from '@cerulean/oci/wire-errors.ts';
import { RegistryError } from '../../errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { BodyInterrupted } from '../../registry/body-interrupted.ts';
import { StorageFailure } from '../../storage-failure.ts';
import { ChallengeError } from '../challenge-error.ts';
import type { HeaderValues } from '../common-headers.ts';
import type { Exchange } from '../exchange.ts';
import { HttpRefusal } from '../http-refusal.ts';
import { type Answer, respond } from '../respond.ts';
import { retryAfter } from '../retry-after.ts';
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
  if (error instanceof RegistryError) return refusal(exchange, error);
  if (exchange.signal.aborted) {
    // Whatever broke, it broke because the client went away; nobody will read the answer.
    exchange.outcome = 'client_gone';
    return plain({ status: 503, code: 'UNAVAILABLE', message: 'The client went away.' });
  }
  if (error instanceof StorageFailure) {
    log.warn({ requestId, failure: error.code, err: error }, 'storage failure');
    return storageFailed(exchange, error);
  }
  exchange.outcome = 'bug';
  log.error({ requestId, err: error }, 'bug');
  const message = `Something went wrong in the registry. Tell its operator the request's id: ${requestId}`;
  return plain({ status: 500, code: 'UNKNOWN', message });
}

function refusal(exchange: Exchange, error: RegistryError): Answer {
  exchange.outcome = error.code;
  const { status, code } = ociErrors[error.code];
  const isSpecial = error instanceof HttpRefusal;
  const answer = plain({
    status: isSpecial ? (error.status ?? status) : status,
    code,
    message: error.message,
    detail: detailOf(exchange, error),
  });
  const headers: HeaderValues = { ...answer.headers, ...retryAfter(error) };
  if (isSpecial) Object.assign(headers, error.headers);
  if (error instanceof ChallengeError) headers['WWW-Authenticate'] = error.challenge;
  if (error.code === 'upload_offset') Object.assign(headers, uploadHeaders(exchange, offsetIn(error)));
  return { ...answer, headers };
}

function storageFailed(exchange: Exchange, { code }: StorageFailure): Answer {
  exchange.outcome = `storage:${code}`;
  if (code === 'disk_full')
    return plain({ ...ociErrors.storage_full, message: 'The storage of the registry is full.' });
  const message = `The storage of the registry failed; try again. The request's id is ${exchange.requestId}.`;
  return plain({ status: 503, code: 'UNAVAILABLE', message });
}

function interrupted(exchange: Exchange, error: BodyInterrupted): Answer {
  const code = error.reason === 'closing' ? 'shutting_down' : 'body_too_slow';
  exchange.outcome = error.reason === 'gone' ? 'client_gone' : code;
  const message =
    'The body did not come to its end in time. What came of an upload is kept: ask where it stands, and go on from there.';
  const answer = plain({ ...ociErrors[code], message });
  return { ...answer, headers: { ...answer.headers, Connection: 'close' } };
}

interface WireAnswer {
  readonly status: number;
  readonly code: WireErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

function plain({ status, code, message, detail }: WireAnswer): Answer {
  const headers: HeaderValues = { 'Content-Type': jsonType };
  if (status === 429 || status === 503) headers['Retry-After'] = String(retryAfterSeconds[status]);
  return { status, headers, body: errorJson(code, message, detail) };
}

/** ACR has a `detail` of null at its base, and none for an unknown tag. */
function detailOf(exchange: Exchange, error: RegistryError): unknown {
  if (error.code === 'tag_unknown') return undefined;
  if (error instanceof ChallengeError && exchange.url.target.kind === 'base') return null;
  return error.detail;
}

function offsetIn({ detail }: RegistryError): number {
  const offset =
    detail !== undefined && !Array.isArray(detail)
      ? (detail as { readonly offsetBytes?: unknown }).offsetBytes
      : 0;
  return typeof offset === 'number' ? offset : 0;
}
