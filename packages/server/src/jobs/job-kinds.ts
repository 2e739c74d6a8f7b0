/**
 * Jobs: work that waits in the database. Terminology. A *kind* names the work, a *key* makes two jobs of a kind the
 * same job. A *lease* is how long a holder may work before another takes over. Delivery is at least once: every
 * handler may be run twice and says why that does no harm.
 */
export interface JobKinds {
  /** Ends uploads whose time is over and gives their bytes back. */
  expireUploads: Record<string, never>;
  /** Replaces the signing key when it is old, and retires those whose tokens are over. */
  rotateSigningKey: Record<string, never>;
  /** Takes the rows of sign-ins away whose time is over. */
  expireSignIns: Record<string, never>;
}

export type JobKind = keyof JobKinds;

/** When a job that ended well runs again, milliseconds later; null for one that is done. */
export type JobEnd = number | null;

/** Adding a kind without a handler does not compile. */
export type JobHandlers = {
  readonly [K in JobKind]: (payload: JobKinds[K], signal: AbortSignal) => Promise<JobEnd>;
};
