import { isRefusal } from '../../errors.ts';
import { DirectoryError, type DirectoryErrorName } from '../../identity/directory-error.ts';
import { StorageFailure } from '../../storage-failure.ts';
import { HttpRefusal } from '../http-refusal.ts';
import { retryAfter } from '../retry-after.ts';

/** How the issuer shows a refusal: Entra ID's form, whose `error_description` az and the SDKs print. */
export interface DirectoryFailure {
  readonly outcome: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Shown {
  readonly error: DirectoryErrorName | 'server_error';
  readonly aadsts: number;
  readonly message: string;
  readonly status: number;
}

/** Only a client that failed to prove itself gets 401; everything else is a bad request (RFC 6749 section 5.2). */
const statusOf = (error: DirectoryErrorName): number => (error === 'invalid_client' ? 401 : 400);

/** Shows an error to a client. Of one that is no refusal nothing reaches it but that there was one. */
export function directoryFailure(
  error: unknown,
  about: { readonly requestId: string; readonly now: number },
): DirectoryFailure {
  const { outcome, headers, shown } = translate(error);
  const timestamp = `${new Date(about.now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const traces = `Trace ID: ${about.requestId} Correlation ID: ${about.requestId} Timestamp: ${timestamp}`;
  const body = JSON.stringify({
    error: shown.error,
    error_description: `AADSTS${shown.aadsts}: ${shown.message} ${traces}`,
    error_codes: [shown.aadsts],
    timestamp,
    trace_id: about.requestId,
    correlation_id: about.requestId,
  });
  return { outcome, status: shown.status, headers, body };
}

function translate(error: unknown): {
  readonly outcome: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly shown: Shown;
} {
  if (error instanceof DirectoryError) {
    const { message, aadsts } = error;
    const shown = { error: error.error, aadsts, message, status: statusOf(error.error) };
    return { outcome: error.error, headers: {}, shown };
  }
  if (isRefusal(error, 'too_many_requests')) {
    const shown = {
      error: 'temporarily_unavailable',
      aadsts: 50196,
      message: error.message,
      status: 429,
    } as const;
    return { outcome: error.code, headers: retryAfter(error), shown };
  }
  if (isRefusal(error)) {
    const status =
      (error instanceof HttpRefusal ? error.status : undefined) ??
      (error.code === 'host_unknown' ? 421 : 400);
    const shown = { error: 'invalid_request', aadsts: 900000, message: error.message, status } as const;
    return { outcome: error.code, headers: {}, shown };
  }
  if (error instanceof StorageFailure) {
    const shown = {
      error: 'temporarily_unavailable',
      aadsts: 90033,
      message: 'The storage of the directory failed; try again.',
      status: 503,
    } as const;
    return { outcome: `storage:${error.code}`, headers: { 'Retry-After': '2' }, shown };
  }
  const message = 'Something went wrong in the directory.';
  return {
    outcome: 'bug',
    headers: {},
    shown: { error: 'server_error', aadsts: 90000, message, status: 500 },
  };
}
