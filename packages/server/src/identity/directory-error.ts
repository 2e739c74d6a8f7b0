/** What OAuth calls it (RFC 6749 section 5.2, RFC 8707 for the last). */
export type DirectoryErrorName =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_resource'
  | 'temporarily_unavailable';

/** A refusal of the issuer: the number is Entra ID's, which Microsoft's libraries show to people. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  readonly error: DirectoryErrorName;
  readonly aadsts: number;

  constructor(error: DirectoryErrorName, aadsts: number, message: string) {
    super(message);
    this.error = error;
    this.aadsts = aadsts;
  }
}
