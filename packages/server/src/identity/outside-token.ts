/**
 * A token of an outside issuer, read and checked piece by piece. What is wrong with it is said in words for the
 * operator; the caller never gets them.
 */
import { compactVerify, errors } from 'jose';
import { limits } from '../limits.ts';
import { type IssuerKey, isKnownAlgorithm } from './key-set.ts';
import { headerText } from './open-signed-token.ts';

/** What a token says of itself, before any of it is believed. */
export interface OutsideToken {
  readonly text: string;
  readonly alg: string;
  readonly kid: string | undefined;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** All claims, as they came. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** As long as OpenID Connect lets it be (Core 1.0 section 2), and twice that. */
const subjectCharsMax = 512;

/**
 * Reads a token with an issuer, a subject and audiences; undefined for everything else. Of the header only `alg` and `kid` count: a `jwk`,
 * `jku`, `x5u` or `x5c` in it leads nowhere, and `crit` asks for something that is not done here.
 */
export function readOutsideToken(text: string): OutsideToken | undefined {
  if (headerText(text) === undefined) return undefined;
  const [header, claims] = text.split('.', 2).map(decoded);
  if (header === undefined || claims === undefined || 'crit' in header) return undefined;
  const { alg, kid } = header;
  const { iss, sub } = claims;
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) return undefined;
  if (typeof iss !== 'string') return undefined;
  if (typeof sub !== 'string' || sub === '' || sub.length > subjectCharsMax) return undefined;
  const audiences: unknown[] = [claims['aud']].flat();
  if (!audiences.every((audience) => typeof audience === 'string')) return undefined;
  return { text, alg, kid, issuer: iss, subject: sub, audiences, claims };
}

/** Undefined when the times are right, else what is wrong. `exp` and `iat` must be there; `nbf` counts where it is. */
export function flawInTimes(
  { exp, nbf = 0, iat }: Readonly<Record<string, unknown>>,
  now: number,
): string | undefined {
  const skew = limits.clockSkewSeconds;
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) return 'its exp, iat or nbf is missing or no number';
  if (exp <= now - skew) return `it has expired ${Math.round(now - exp)} s ago`;
  if (Math.max(nbf, iat) > now + skew)
    return `it is valid in ${Math.round(Math.max(nbf, iat) - now)} s only: do the clocks agree?`;
  if (exp > now + limits.assertionSeconds + skew)
    return `it is good for longer than ${limits.assertionSeconds} s`;
  return undefined;
}

/** Whether this key signed the token, by an algorithm that is allowed. */
export async function isSignedBy(token: OutsideToken, { key }: IssuerKey): Promise<boolean> {
  if (!isKnownAlgorithm(token.alg)) return false;
  try {
    await compactVerify(token.text, key, { algorithms: [token.alg] });
    return true;
  } catch (error) {
    if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error;
    return false;
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function decoded(part: string): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url'));
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    return undefined;
  }
}
