/**
 * A number that moves whenever anything that rights are decided from has changed: registries and their settings,
 * principals, credentials, system keys. The writer moves it after the commit and before it acknowledges, so whoever
 * was told of a change finds it in force at every thread.
 *
 * Invariant: a reader takes the epoch BEFORE it reads rows, and keeps the rows under that epoch. Taken afterwards, the
 * number could be newer than the rows, and what was revoked would be believed until the next change.
 */
export interface RightsEpoch {
  /** The number now. Never goes back while the process runs. */
  current(): number;
}
