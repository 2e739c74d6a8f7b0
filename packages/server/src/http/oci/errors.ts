import { errorBody, type WireErrorBody, type WireErrorCode } from '@cerulean/oci/wire-errors.ts';
import type { RegistryErrorCode } from '../../errors.ts';

/** How a refusal looks to a client of the distribution API. */
export interface WireRefusal {
  readonly status: number;
  readonly code: WireErrorCode;
}

/**
 * Every refusal, as the OCI distribution specification ("Error Codes"), ACR and the registries of the field have it.
 * A code that is missing here does not compile.
 */
export const ociErrors = {
  host_unknown: { status: 421, code: 'NAME_UNKNOWN' },
  unauthorized: { status: 401, code: 'UNAUTHORIZED' },
  // ACR answers 401 and not 403, and its clients then ask for a wider token.
  insufficient_scope: { status: 401, code: 'UNAUTHORIZED' },
  denied: { status: 403, code: 'DENIED' },
  name_invalid: { status: 400, code: 'NAME_INVALID' },
  name_unknown: { status: 404, code: 'NAME_UNKNOWN' },
  tag_invalid: { status: 400, code: 'TAG_INVALID' },
  tag_unknown: { status: 404, code: 'TAG_UNKNOWN' },
  digest_invalid: { status: 400, code: 'DIGEST_INVALID' },
  digest_mismatch: { status: 400, code: 'DIGEST_INVALID' },
  digest_algorithm_unsupported: { status: 400, code: 'UNSUPPORTED' },
  manifest_unknown: { status: 404, code: 'MANIFEST_UNKNOWN' },
  manifest_invalid: { status: 400, code: 'MANIFEST_INVALID' },
  manifest_too_large: { status: 413, code: 'MANIFEST_INVALID' },
  manifest_schema1: { status: 400, code: 'UNSUPPORTED' },
  manifest_parts_unknown: { status: 404, code: 'MANIFEST_BLOB_UNKNOWN' },
  // Not 405: that would say that nothing can be deleted at all.
  manifest_referenced: { status: 409, code: 'DENIED' },
  blob_unknown: { status: 404, code: 'BLOB_UNKNOWN' },
  blob_referenced: { status: 409, code: 'DENIED' },
  blob_too_large: { status: 413, code: 'SIZE_INVALID' },
  upload_unknown: { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  upload_offset: { status: 416, code: 'RANGE_INVALID' },
  upload_limit: { status: 429, code: 'TOOMANYREQUESTS' },
  size_mismatch: { status: 400, code: 'SIZE_INVALID' },
  range_invalid: { status: 416, code: 'RANGE_INVALID' },
  operation_disallowed: { status: 405, code: 'REGISTRY_DISALLOWED_OPERATION' },
  // az gives up at once on 405, and tries again three times on what it does not know.
  feature_off: { status: 405, code: 'UNSUPPORTED' },
  page_size_invalid: { status: 400, code: 'PAGINATION_NUMBER_INVALID' },
  too_many_tags: { status: 414, code: 'TAG_INVALID' },
  precondition_failed: { status: 412, code: 'PRECONDITION_FAILED' },
  too_many_requests: { status: 429, code: 'TOOMANYREQUESTS' },
  // Not one of the statuses that clients send again at once: waiting does not help.
  storage_full: { status: 507, code: 'UNAVAILABLE' },
  overloaded: { status: 503, code: 'UNAVAILABLE' },
  shutting_down: { status: 503, code: 'UNAVAILABLE' },
  method_not_allowed: { status: 405, code: 'UNSUPPORTED' },
  route_unknown: { status: 404, code: 'UNSUPPORTED' },
  bad_request: { status: 400, code: 'UNSUPPORTED' },
  url_too_long: { status: 414, code: 'UNSUPPORTED' },
  body_too_slow: { status: 408, code: 'BLOB_UPLOAD_INVALID' },
  registry_exists: { status: 409, code: 'DENIED' },
  // A registry that was deleted while the request was under way.
  registry_unknown: { status: 404, code: 'NAME_UNKNOWN' },
  registry_name_invalid: { status: 400, code: 'NAME_INVALID' },
  confirmation_missing: { status: 400, code: 'UNSUPPORTED' },
  credential_unknown: { status: 404, code: 'UNSUPPORTED' },
  resource_exists: { status: 409, code: 'DENIED' },
  resource_unknown: { status: 404, code: 'UNSUPPORTED' },
  resource_invalid: { status: 400, code: 'UNSUPPORTED' },
  resource_in_use: { status: 409, code: 'DENIED' },
  command_repeated: { status: 409, code: 'UNSUPPORTED' },
} as const satisfies Record<RegistryErrorCode, WireRefusal>;

/** Seconds after which a client that was told to come back may do so. */
export const retryAfterSeconds = { 429: 5, 503: 2 } as const satisfies Record<number, number>;

/** The JSON of one error, with the newline that ACR has behind it. */
export function errorJson(code: WireErrorCode, message: string, detail?: unknown): string {
  const body: WireErrorBody = errorBody(code, message, detail);
  return `${JSON.stringify(body)}\n`;
}

/** JSON's type as ACR writes it. */
export const jsonType = 'application/json; charset=utf-8';
