/**
 * The port to where bytes lie. An **object** is made by one attempt (one request), appended to by nobody else, never
 * truncated, overwritten or renamed, and read by anybody who knows a row that points into it. Bytes that no row
 * covers have no meaning, so an object may end in anything.
 *
 * Invariants of every implementation, proven by `describeBlobObjects`:
 * - two creations of one object: one succeeds, the other rejects with `object_exists`;
 * - what was written before a `sync` that resolved is read back the same after a loss of power;
 * - after one failed write or sync a writer is dead: everything later rejects, since the next sync of a file whose
 *   pages were lost succeeds and would acknowledge bytes that are gone;
 * - an object is readable while it is written, and by whoever has it open after it was removed.
 *
 * Objects are named by 32 lower-case hexadecimal digits. Errors are StorageFailure unless said otherwise.
 */
export interface BlobObjects {
  /**
   * Makes an empty object under its final name. It is durable after the first `sync` of its writer. Rejects with
   * `object_exists`, `disk_full` or `create_failed`, and with the signal's reason.
   */
  create(object: string, signal: AbortSignal): Promise<ObjectWriter>;
  /** Rejects with `object_missing` or `read_failed`. The caller closes the reader. */
  openReader(object: string): Promise<ObjectReader>;
  /** Idempotent: removing an object that is not there succeeds. */
  remove(object: string): Promise<void>;
  freeSpace(): Promise<FreeSpace>;
}

/** Bytes that a user of the server's rights may still write, and the size of what holds the objects. */
export interface FreeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Appends to one object. Not for two callers at once, but `write` may be called again before the last one resolved. */
export interface ObjectWriter {
  /** Where the next byte will lie: what all calls of `write` so far were given. */
  readonly offsetBytes: number;
  /**
   * Appends the pieces one behind the other, after those of every earlier call. The memory must not change before
   * the promise is settled. Rejects with `disk_full` or `write_failed`.
   */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** Resolves when all that was written, and the object's name, are durable. Rejects with `sync_failed` or an earlier failure. */
  sync(): Promise<void>;
  /** Gives the writer back and keeps the object. Idempotent. */
  close(): Promise<void>;
  /** Gives the writer back and removes the object: for an attempt that nothing points to. Idempotent. */
  abandon(): Promise<void>;
}

/** Reads one object, in any order, from any number of callers at once. */
export interface ObjectReader {
  /**
   * Fills `into` from the object's bytes at `offset` on; resolves to how many it got, which is fewer than asked for
   * only at the object's end. Rejects with `read_failed`.
   */
  read(into: Uint8Array, offset: number): Promise<number>;
  /** The same, blocking the thread: a tenth to a fifth faster where the bytes are in memory already. */
  readSync(into: Uint8Array, offset: number): number;
  /** Idempotent. */
  close(): Promise<void>;
}
