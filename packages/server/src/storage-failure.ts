/** How the world failed us. A closed union: whoever maps it covers every code. */
export type StorageFailureCode =
  | 'object_missing'
  | 'object_truncated'
  | 'object_exists'
  | 'segments_inconsistent'
  | 'authentication_failed'
  | 'key_unknown'
  | 'clear_refused'
  | 'disk_full'
  | 'create_failed'
  | 'write_failed'
  | 'sync_failed'
  | 'read_failed'
  | 'database_unreadable'
  | 'remove_failed'
  | 'prepare_failed';

/**
 * Stored bytes could not be written or read as they should. `message` names the object and the segment, for the
 * operator; it holds neither content nor keys. Nobody caused it by what he asked for, so it is no refusal.
 */
export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';
  readonly code: StorageFailureCode;

  constructor(code: StorageFailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
