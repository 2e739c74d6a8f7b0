/** A failure of the world, as the adapters of storage throw it; the code says what failed. */
export interface StorageFailed extends Error {
  readonly code: string;
}

/** True for a failure of the world. It is told by its name, since http/ knows no storage. */
export function isStorageFailure(error: unknown): error is StorageFailed {
  return (
    error instanceof Error &&
    error.name === 'StorageFailure' &&
    'code' in error &&
    typeof error.code === 'string'
  );
}
