/** Why a manifest is refused. */
export type ManifestErrorCode =
  /** No JSON object in UTF-8, or a member that is missing, of the wrong type or contradictory. */
  | 'manifest_invalid'
  /** Members of two kinds of manifest at once, so that two readers could take it for two things (CVE-2021-41190). */
  | 'manifest_ambiguous'
  /** Docker's image manifest version 2, schema 1. */
  | 'schema1_unsupported'
  /** The `mediaType` member and the Content-Type name different types. */
  | 'media_type_mismatch'
  /** Neither the Content-Type nor the `mediaType` member names a type of manifest. */
  | 'media_type_unsupported'
  | 'manifest_too_large'
  | 'manifest_too_deep'
  | 'too_many_descriptors';

/** Thrown for every manifest that is refused; the message is one that a client may see. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code: ManifestErrorCode;
  /** Path of the member at fault, `layers[3].size`; undefined when the whole document is. */
  readonly member: string | undefined;

  constructor(code: ManifestErrorCode, message: string, member?: string) {
    super(message);
    this.code = code;
    this.member = member;
  }
}

/** The commonest refusal: `member` is wrong because of `problem`, a text that reads on from the member's name. */
export function invalidMember(member: string, problem: string): ManifestError {
  return new ManifestError('manifest_invalid', `Member ${member} ${problem}.`, member);
}
