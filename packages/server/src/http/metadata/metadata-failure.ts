import { isRefusal } from '../../errors.ts';
import { ManagedIdentityError } from '../../identity/managed-identity-error.ts';
import { StorageFailure } from '../../storage-failure.ts';
import { retryAfter } from '../retry-after.ts';

/** How the managed-identity endpoints show a refusal: IMDS's members, and App Service's beside them. */
export interface MetadataFailure {
  readonly outcome: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of an error that is no refusal nothing reaches the client but that there was one. */
export function metadataFailure(error: unknown): MetadataFailure {
  const { outcome, status, headers = {}, message } = translate(error);
  const shown = { error: outcome === 'bug' ? 'server_error' : outcome, error_description: message };
  return { outcome, status, headers, body: JSON.stringify({ ...shown, statusCode: status, message }) };
}

function translate(error: unknown): {
  readonly outcome: string;
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
} {
  if (error instanceof ManagedIdentityError) {
    // Libraries take 400 as «no identity here» and say so; 401 and 403 they take for something else.
    return { outcome: error.error, status: 400, message: error.message };
  }
  if (isRefusal(error, 'too_many_requests'))
    return { outcome: error.code, status: 429, message: error.message, headers: retryAfter(error) };
  if (isRefusal(error)) {
    const status = error.code === 'host_unknown' ? 421 : 400;
    return { outcome: error.code, status, message: error.message };
  }
  if (error instanceof StorageFailure) {
    const message = 'The storage of the directory failed; try again.';
    return { outcome: `storage:${error.code}`, status: 503, message, headers: { 'Retry-After': '2' } };
  }
  return { outcome: 'bug', status: 500, message: 'Something went wrong in the directory.' };
}
