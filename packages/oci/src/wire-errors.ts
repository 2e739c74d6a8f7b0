/** The first fourteen are the OCI distribution spec's ("Error Codes"); the rest are those of registries in the field. */
export const wireErrorCodes = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
  'TAG_INVALID',
  'TAG_UNKNOWN',
  'RANGE_INVALID',
  'PAGINATION_NUMBER_INVALID',
  'PRECONDITION_FAILED',
  'REGISTRY_DISALLOWED_OPERATION',
  'UNAVAILABLE',
  'UNKNOWN',
] as const;

/** A `code` of an error body. */
export type WireErrorCode = (typeof wireErrorCodes)[number];

/** One entry of an error body; `detail` is any JSON, and absent rather than null when there is none. */
export interface WireError {
  readonly code: WireErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

/** The JSON body of a refusal. */
export interface WireErrorBody {
  readonly errors: readonly WireError[];
}

/** A body with one error. `detail` is left out when undefined; null stays, because ACR sends it for `/v2/`. */
export function errorBody(code: WireErrorCode, message: string, detail?: unknown): WireErrorBody {
  return { errors: [detail === undefined ? { code, message } : { code, message, detail }] };
}
