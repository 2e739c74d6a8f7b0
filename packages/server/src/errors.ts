/**
 * What Cerulean refuses, as one closed union. A refusal is expected: it is logged at info and shown to the
 * client through the table of the surface that it came by (`http/oci/errors.ts`, `http/oauth2/errors.ts`).
 * Failures of the world are `StorageFailure`; everything else is a bug.
 */
export type RegistryErrorCode =
  | 'host_unknown'
  | 'unauthorized'
  | 'insufficient_scope'
  | 'denied'
  | 'name_invalid'
  | 'name_unknown'
  | 'tag_invalid'
  | 'tag_unknown'
  | 'digest_invalid'
  | 'digest_mismatch'
  | 'digest_algorithm_unsupported'
  | 'manifest_unknown'
  | 'manifest_invalid'
  | 'manifest_too_large'
  | 'manifest_schema1'
  | 'manifest_parts_unknown'
  | 'manifest_referenced'
  | 'blob_unknown'
  | 'blob_referenced'
  | 'blob_too_large'
  | 'upload_unknown'
  | 'upload_offset'
  | 'upload_limit'
  | 'size_mismatch'
  | 'range_invalid'
  | 'operation_disallowed'
  | 'feature_off'
  | 'page_size_invalid'
  | 'too_many_tags'
  | 'precondition_failed'
  | 'too_many_requests'
  | 'storage_full'
  | 'overloaded'
  | 'shutting_down'
  | 'method_not_allowed'
  | 'route_unknown'
  | 'bad_request'
  | 'url_too_long'
  | 'body_too_slow'
  | 'registry_exists'
  | 'registry_unknown'
  | 'registry_name_invalid'
  | 'confirmation_missing'
  | 'credential_unknown'
  | 'resource_exists'
  | 'resource_unknown'
  | 'resource_invalid'
  | 'resource_in_use'
  | 'command_repeated';

/** Facts that go with a refusal: shown to the client as `detail`, so nothing secret may be in it. */
export type RegistryErrorDetail =
  | Readonly<Record<string, unknown>>
  | readonly Readonly<Record<string, unknown>>[];

/** A refusal. `message` is fit for a client's eyes and says what to do where something can be done. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;
  readonly detail: RegistryErrorDetail | undefined;

  constructor(code: RegistryErrorCode, message: string, detail?: RegistryErrorDetail) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

/** True for a refusal of one of these codes; with no codes, for any refusal. */
export function isRefusal(error: unknown, ...codes: RegistryErrorCode[]): error is RegistryError {
  return error instanceof RegistryError && (codes.length === 0 || codes.includes(error.code));
}
