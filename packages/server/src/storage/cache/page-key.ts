/**
 * A blob as the cache knows it: by its id, of 128 bits, which no other blob has, whatever its registry and its content.
 * Never by its digest: two registries that hold the same content share nothing, and a link that is gone leads nowhere.
 */
export interface CachedBlob {
  readonly words: readonly [number, number, number, number];
  readonly sizeBytes: number;
}

/** @param id 32 hexadecimal digits */
export function cachedBlob(id: string, sizeBytes: number): CachedBlob {
  const word = (at: number): number => Number.parseInt(id.slice(at, at + 8), 16) | 0;
  return { words: [word(0), word(8), word(16), word(24)], sizeBytes };
}

/** Mixes a page's key; ids are random, so this need only spread the pages. */
export function pageHash(word: number, page: number): number {
  let hash = word ^ Math.imul(page + 1, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
