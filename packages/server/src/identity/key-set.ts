/**
 * The keys of an outside issuer, and which of them may have signed a token.
 *
 * Invariants. An algorithm fits the type and the curve of its key. Of a key only its public numbers are read: `x5c`,
 * `x5u` and the like lead nowhere. Symmetric keys are none.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { limits } from '../limits.ts';

export interface IssuerKey {
  readonly kid: string | undefined;
  /** The only algorithm that it is for, where its issuer says so. */
  readonly alg: string | undefined;
  readonly kty: string;
  readonly crv: string | undefined;
  readonly key: KeyObject;
}

export interface WantedKey {
  readonly alg: string;
  readonly kid: string | undefined;
}

const fits: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

/** Whether tokens signed in this way are looked at. */
export const isKnownAlgorithm = (alg: string): boolean => Object.hasOwn(fits, alg);

/** Reads a JWK set (RFC 7517). Keys that can't be used are passed over; undefined for what is no JWK set. */
export function readKeySet(document: unknown): readonly IssuerKey[] | undefined {
  if (typeof document !== 'object' || document === null || !('keys' in document)) return undefined;
  if (!Array.isArray(document.keys)) return undefined;
  return document.keys.slice(0, limits.issuerKeysMax).flatMap((key: unknown) => readKey(key) ?? []);
}

/** The one key that is meant; undefined for none, and where a token that names no key could mean several. */
export function pickKey(keys: readonly IssuerKey[], { alg, kid }: WantedKey): IssuerKey | undefined {
  const wanted = fits[alg];
  const found = keys.filter(
    (key) =>
      (kid === undefined || key.kid === kid) &&
      key.kty === wanted?.kty &&
      (wanted.crv === undefined || key.crv === wanted.crv) &&
      (key.alg === undefined || key.alg === alg),
  );
  return found.length === 1 ? found[0] : undefined;
}

function readKey(jwk: unknown): IssuerKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, alg, kty, crv, use } = jwk as Record<string, unknown>;
  if (use !== undefined && use !== 'sig') return undefined;
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return undefined;
  const key = publicKey(jwk as JWK);
  if (key === undefined) return undefined;
  return {
    kid: typeof kid === 'string' ? kid : undefined,
    alg: typeof alg === 'string' ? alg : undefined,
    kty,
    crv: typeof crv === 'string' ? crv : undefined,
    key,
  };
}

/** Undefined for a key that can't be read, and for RSA of fewer than 2048 bits. */
function publicKey(jwk: JWK): KeyObject | undefined {
  const { kty, crv, n, e, x, y } = jwk;
  try {
    const key = createPublicKey({ key: { kty, crv, n, e, x, y } as JWK, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    return bits !== undefined && bits < 2048 ? undefined : key;
  } catch {
    return undefined;
  }
}
