/** Why something sealed could not be opened, or could not be sealed. A closed union: whoever maps it covers every code. */
export type SealingErrorCode =
  | 'box_malformed'
  | 'clear_refused'
  | 'key_unknown'
  | 'authentication_failed'
  | 'segment_malformed'
  | 'key_file_missing'
  | 'key_file_exists'
  | 'key_file_malformed'
  | 'key_file_exposed'
  | 'key_file_failed';

/**
 * A sealed thing that is not what it should be, or a key that is not there. `message` is for the operator and never
 * holds key material or content. A broken promise of the caller (a key of 31 bytes) is a RangeError or TypeError.
 */
export class SealingError extends Error {
  override readonly name = 'SealingError';
  readonly code: SealingErrorCode;

  constructor(code: SealingErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
