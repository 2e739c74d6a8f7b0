import type { Patch } from './patched-source.ts';

/** Begins all requests of a connection at once: the answers to those that were sent ahead then stand in line. */
export const servesAllAtOnce: Patch = {
  file: 'packages/server/src/http/turns.ts',
  replace: [['if (!this.#waiting.has(socket)) {', 'if (socket !== undefined) {']],
};
