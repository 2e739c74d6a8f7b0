import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { headerText, openSignedToken } from './open-signed-token.ts';
import type { SystemKeys } from './system-keys.ts';
import { parseTokenPayload, type TokenClaims, type TokenUse, tokenIssuer } from './token-claims.ts';
import type { TokenAudience } from './token-issuer.ts';

/** What a token must be to be believed here. */
export interface ExpectedToken extends TokenAudience {
  readonly use: TokenUse;
  /** How long after its expiry the token is still read, as an expired one. 0 for all but a caller's own upload. */
  readonly expiredGraceSeconds: number;
}

export interface VerifiedToken extends TokenClaims {
  /** True when the token has expired and was read by grace of `expiredGraceSeconds`. */
  readonly expired: boolean;
}

export interface TokenVerifier {
  /**
   * Checks form, signature, issuer, audience, times and use. Throws RegistryError `unauthorized` with the reason; the
   * reasons that only help whoever forges tokens are one and the same.
   */
  verify(token: string, expected: ExpectedToken): Promise<VerifiedToken>;
}

/**
 * Tokens are this server's own, so their protected header is one of a few known texts. It is looked up whole and never
 * interpreted: `alg`, `crit`, `jwk`, `jku`, `x5u`, `x5c`, members that come twice and other encodings of the same all
 * name no key. What was verified is remembered by its hash; times, audience and the key are looked at every time.
 */
export function createTokenVerifier(options: {
  readonly systemKeys: SystemKeys;
  readonly clock: () => number;
}): TokenVerifier {
  const { systemKeys, clock } = options;
  const remembered = new LRUCache<string, TokenClaims>({ max: limits.tokensRememberedMax });

  async function claimsOf(token: string): Promise<TokenClaims> {
    const header = headerText(token);
    const key = header === undefined ? undefined : await systemKeys.signingKeyByHeader(header);
    if (key === undefined) throw notValid();
    const hash = createHash('sha256').update(token).digest('base64');
    const known = remembered.get(hash);
    if (known !== undefined) return known;
    const claims = parseTokenPayload(await openSignedToken(token, key.publicKey));
    if (claims === undefined) throw notValid();
    remembered.set(hash, claims);
    return claims;
  }

  return {
    async verify(token, expected) {
      const claims = await claimsOf(token);
      if (claims.use !== expected.use) throw refused(`This is no ${expected.use.replace('_', ' ')}.`);
      const isForUs = claims.audience === expected.loginServer && claims.registry === expected.registry;
      if (claims.issuer !== tokenIssuer || !isForUs)
        throw refused('The token was not issued for this registry.');
      if (claims.modeSince !== (expected.modeSince ?? 0))
        throw refused('The token is from before the role assignment mode of this registry was changed.');
      const now = clock() / 1000;
      if (Math.max(claims.issuedAt, claims.notBefore) > now + limits.clockSkewSeconds) {
        throw refused('The token is not valid yet.');
      }
      const expired = claims.expiresAt <= now - limits.clockSkewSeconds;
      if (expired && claims.expiresAt + expected.expiredGraceSeconds <= now)
        throw refused('The token has expired.');
      return { ...claims, expired };
    },
  };
}

const notValid = () => refused('The token is not valid.');
const refused = (reason: string) => new RegistryError('unauthorized', reason);
