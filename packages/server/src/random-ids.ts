import { randomFillSync } from 'node:crypto';

/** Ids made from one call to the system's generator: a call for each would be a twentieth of a small answer's time. */
const idsAtOnce = 256;
const idBytes = 16;

/** Makes ids of 16 random bytes as 32 hex digits. Each byte that was drawn is used once. */
export function createIdSource(): () => string {
  const drawn = Buffer.alloc(idsAtOnce * idBytes);
  let at = drawn.length;
  return () => {
    if (at === drawn.length) {
      randomFillSync(drawn);
      at = 0;
    }
    at += idBytes;
    return drawn.toString('hex', at - idBytes, at);
  };
}
