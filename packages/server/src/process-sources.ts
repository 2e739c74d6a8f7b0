import { randomBytes } from 'node:crypto';
import { createIdSource } from './random-ids.ts';

/** Where time, ids and randomness come from: arguments everywhere, so that tests need no sleeping. */
export interface Sources {
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** Those of the process itself, one set for each thread. */
export function processSources(): Sources {
  return {
    now: () => Date.now(),
    newId: createIdSource(),
    randomBytes: (length) => randomBytes(length),
  };
}
