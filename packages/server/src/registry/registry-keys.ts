/** The unsealed keys of registries, kept in memory only. */
export interface RegistryKeys {
  /** The key that seals new content of a registry. Undefined in number 0 means cipher `none`. */
  current(registry: {
    readonly id: string;
    readonly keyNumber: number;
  }): Promise<{ readonly number: number; readonly key: Uint8Array }>;
  /** The key with this number; throws a SealingError `key_unknown` that names it. */
  byNumber(registry: string, number: number): Promise<Uint8Array>;
}
