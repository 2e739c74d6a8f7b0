import { errorBody, type WireErrorBody, type WireErrorCode } from '@cerulean/oci/wire-errors.ts';
import { RegistryError, type RegistryErrorCode } from '../../errors.ts';
import { BodyInterrupted } from '../../registry/body-interrupted.ts';
import { StorageFailure } from '../../storage-failure.ts';
import { ChallengeError } from '../challenge-error.ts';
import { HttpRefusal } from '../http-refusal.ts';
import { retryAfter } from '../retry-after.ts';

interface OauthError {
  readonly status: number;
  readonly code: WireErrorCode;
}

const badRequest: OauthError = { status: 400, code: 'UNSUPPORTED' };
const unavailable: OauthError = { status: 503, code: 'UNAVAILABLE' };
/** Not a refusal that a login can meet: reaching one is a bug. */
const unexpected: OauthError = { status: 500, code: 'UNKNOWN' };

/** How the token endpoint shows each refusal: ACR has the registry's error form here too, not RFC 6749's. */
export const oauthErrors = {
  host_unknown: { status: 421, code: 'UNSUPPORTED' },
  unauthorized: { status: 401, code: 'UNAUTHORIZED' },
  insufficient_scope: { status: 401, code: 'UNAUTHORIZED' },
  denied: { status: 403, code: 'DENIED' },
  too_many_requests: { status: 429, code: 'TOOMANYREQUESTS' },
  overloaded: unavailable,
  shutting_down: unavailable,
  storage_full: unavailable,
  bad_request: badRequest,
  body_too_slow: { status: 408, code: 'UNSUPPORTED' },
  method_not_allowed: { status: 405, code: 'UNSUPPORTED' },
  route_unknown: { status: 404, code: 'UNSUPPORTED' },
  url_too_long: { status: 414, code: 'UNSUPPORTED' },
  name_invalid: unexpected,
  name_unknown: unexpected,
  tag_invalid: unexpected,
  tag_unknown: unexpected,
  digest_invalid: unexpected,
  digest_mismatch: unexpected,
  digest_algorithm_unsupported: unexpected,
  manifest_unknown: unexpected,
  manifest_invalid: unexpected,
  manifest_too_large: unexpected,
  manifest_schema1: unexpected,
  manifest_parts_unknown: unexpected,
  manifest_referenced: unexpected,
  blob_unknown: unexpected,
  blob_referenced: unexpected,
  blob_too_large: unexpected,
  upload_unknown: unexpected,
  upload_offset: unexpected,
  upload_limit: unexpected,
  size_mismatch: unexpected,
  range_invalid: unexpected,
  operation_disallowed: unexpected,
  feature_off: unexpected,
  page_size_invalid: unexpected,
  too_many_tags: unexpected,
  precondition_failed: unexpected,
  registry_exists: unexpected,
  registry_unknown: unexpected,
  registry_name_invalid: unexpected,
  confirmation_missing: unexpected,
  credential_unknown: unexpected,
  resource_exists: unexpected,
  resource_unknown: unexpected,
  resource_invalid: unexpected,
  resource_in_use: unexpected,
  command_repeated: unexpected,
} as const satisfies Record<RegistryErrorCode, OauthError>;

/** What a client gets for an error. */
export interface OauthFailure {
  /** For the request's line in the log: the refusal's code, or what kind of failure it was. */
  readonly outcome: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: WireErrorBody;
}

/** Shows an error to a client. Of an error that is no refusal nothing reaches it but that there was one. */
export function oauthFailure(error: unknown): OauthFailure {
  if (error instanceof RegistryError && oauthErrors[error.code] !== unexpected) {
    const { status, code } = oauthErrors[error.code];
    return {
      outcome: error.code,
      status: error instanceof HttpRefusal ? (error.status ?? status) : status,
      headers: headersOf(error, status),
      body: errorBody(code, error.message, error.detail),
    };
  }
  if (error instanceof BodyInterrupted) {
    const body = errorBody('UNSUPPORTED', 'The form did not come to its end in time.');
    return { outcome: 'body_too_slow', status: 408, headers: { Connection: 'close' }, body };
  }
  if (error instanceof StorageFailure) {
    const body = errorBody('UNAVAILABLE', 'The storage of the registry failed; try again.');
    return { outcome: `storage:${error.code}`, status: 503, headers: { 'Retry-After': retryLater }, body };
  }
  const body = errorBody('UNKNOWN', 'Something went wrong in the registry.');
  return { outcome: 'bug', status: 500, headers: {}, body };
}

const retryLater = '2';

function headersOf(error: RegistryError, status: number): Readonly<Record<string, string>> {
  if (error instanceof ChallengeError) return { 'WWW-Authenticate': error.challenge };
  if (error instanceof HttpRefusal) return error.headers;
  if (status === 429) return retryAfter(error);
  return status === 503 ? { 'Retry-After': retryLater } : {};
}
