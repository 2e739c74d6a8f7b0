/** Content for tests of the cache: every byte of a blob follows from the blob's id, so that every byte can be checked. */
import { createHash } from 'node:crypto';

/** The blob with this number, of a registry with this number: as random as ids are. */
export const blobId = (registry: number, blob: number): string =>
  createHash('sha256').update(`${registry}/${blob}`).digest('hex').slice(0, 32);

/** Bytes of a blob from `startBytes` on, which is a multiple of 4. */
export function blobBytes(id: string, startBytes: number, lengthBytes: number): Buffer {
  const words = new Int32Array(Math.ceil(lengthBytes / 4));
  const seed = seedOf(id);
  for (let word = 0; word < words.length; word += 1) words[word] = wordAt(seed, startBytes / 4 + word);
  return Buffer.from(words.buffer, 0, lengthBytes);
}

/** True when these are the blob's bytes from `startBytes` on, a multiple of 4. */
export function areBlobBytes(id: string, startBytes: number, bytes: Uint8Array): boolean {
  return blobBytes(id, startBytes, bytes.length).equals(bytes);
}

/** Random numbers below `bound` that are the same in each run. */
export function randomFrom(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function seedOf(id: string): number {
  let seed = 0x811c_9dc5;
  for (const character of id) seed = Math.imul(seed ^ character.charCodeAt(0), 0x0100_0193);
  return seed;
}

function wordAt(seed: number, at: number): number {
  const mixed = Math.imul(seed + at, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}
