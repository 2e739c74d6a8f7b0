import { limits } from '../limits.ts';
import type { SystemKeyRow } from '../registry/metadata-reader.ts';

/** What the rotation of the signing key has to do now. */
export interface SigningKeyPlan {
  /** The version of a key to be made and stored (`newSigningKey`, `putSystemKey`). */
  readonly addVersion: number | undefined;
  /** Versions whose last token is over (`retireSystemKey`). */
  readonly retireVersions: readonly number[];
}

/**
 * Decides over all rows of the signing purpose at `now` (milliseconds). A key is replaced `signingKeySeconds` after it
 * was made. The new one verifies at once and signs from `signingKeyAdoptSeconds` on; the old one is retired when the
 * last token that it may have signed can't be used any more: a refresh token, or an access token that goes on with its
 * own upload after it expired, for as long as an upload may live.
 */
export function planSigningKeys(
  rows: readonly Pick<SystemKeyRow, 'version' | 'createdAt' | 'retiredAt'>[],
  now: number,
): SigningKeyPlan {
  const active = rows.filter((row) => row.retiredAt === null).toSorted((a, b) => a.version - b.version);
  const newest = active.at(-1);
  const isDue = newest === undefined || newest.createdAt + limits.signingKeySeconds * 1000 <= now;
  const isOver = (_: unknown, index: number) => {
    const successor = active[index + 1];
    return successor !== undefined && successor.createdAt + verifiesAfterwardsSeconds * 1000 <= now;
  };
  return {
    addVersion: isDue ? Math.max(0, ...rows.map((row) => row.version)) + 1 : undefined,
    retireVersions: active.filter(isOver).map((row) => row.version),
  };
}

/** Counted from the making of the successor. The skew counts twice: the clock that signed, the clock that verifies. */
const verifiesAfterwardsSeconds =
  limits.signingKeyAdoptSeconds +
  Math.max(limits.refreshTokenSeconds, limits.accessTokenSeconds + limits.uploadLifetimeSeconds) +
  2 * limits.clockSkewSeconds;
