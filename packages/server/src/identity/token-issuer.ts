import { CompactSign } from 'jose';
import { LRUCache } from 'lru-cache';
import type { AccessClaim } from '../access/authorise.ts';
import { limits } from '../limits.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import { toGuid } from './guid.ts';
import type { LoginQueue } from './login-queue.ts';
import { protectedHeader, type SigningKey, type SystemKeys } from './system-keys.ts';
import { type TokenClaims, tokenIssuer, tokenPayload } from './token-claims.ts';

/** Which registry a token is for. */
export interface TokenAudience {
  /** The registry's id. */
  readonly registry: string;
  /** `<name>.<domain>`. */
  readonly loginServer: string;
  /** When the registry's role assignment mode was last changed, in milliseconds; 0 for never. */
  readonly modeSince?: number;
}

/** The audience that tokens of this registry are for, and must be for, as it is now. */
export function audienceOf({
  registry,
  loginServer,
}: {
  readonly registry: Pick<RegistryRow, 'id' | 'settings'>;
  readonly loginServer: string;
}): TokenAudience {
  return { registry: registry.id, loginServer, modeSince: registry.settings.roleAssignmentModeSince };
}

export interface TokenIssuer {
  /**
   * An access token for this principal, valid for `accessTokenSeconds`. Asked again for the same within
   * `accessTokenReuseSeconds`, it may give the same token. Throws `too_many_requests` when too many wait.
   */
  accessToken(audience: TokenAudience, principal: string, access: readonly AccessClaim[]): Promise<string>;
  /** A refresh token, valid for `refreshTokenSeconds`. `tenant` is told where the principal has one. */
  refreshToken(audience: TokenAudience, principal: string, tenant?: string): Promise<string>;
}

export function createTokenIssuer(options: {
  readonly systemKeys: SystemKeys;
  readonly queue: LoginQueue;
  readonly clock: () => number;
  readonly newId: () => string;
}): TokenIssuer {
  const { systemKeys, queue, clock, newId } = options;
  const issued = new LRUCache<string, { readonly until: number; readonly token: Promise<string> }>({
    max: limits.accessTokensReusedMax,
  });

  async function sign(key: SigningKey, claims: TokenClaims, told: object = {}): Promise<string> {
    const payload = new TextEncoder().encode(JSON.stringify({ ...tokenPayload(claims, newId()), ...told }));
    return queue.run(() =>
      new CompactSign(payload).setProtectedHeader(protectedHeader(key.kid)).sign(key.privateKey),
    );
  }

  const claimsFor = (audience: TokenAudience, principal: string, lifetimeSeconds: number) =>
    commonClaims(audience, principal, { now: Math.floor(clock() / 1000), lifetimeSeconds });

  return {
    async accessToken(audience, principal, access) {
      const key = await systemKeys.signingKey();
      const sorted = sortedAccess(access);
      const request = JSON.stringify([key.kid, audience, principal, sorted]);
      const known = issued.get(request);
      if (known !== undefined && clock() < known.until) return known.token;
      const claims = claimsFor(audience, principal, limits.accessTokenSeconds);
      const token = sign(key, { use: 'access_token', ...claims, access: sorted });
      const entry = { until: clock() + limits.accessTokenReuseSeconds * 1000, token };
      issued.set(request, entry);
      try {
        return await token;
      } catch (error) {
        if (issued.peek(request) === entry) issued.delete(request);
        throw error;
      }
    },
    async refreshToken(audience, principal, tenant) {
      const claims = claimsFor(audience, principal, limits.refreshTokenSeconds);
      const told = tenant === undefined ? {} : { tenant: toGuid(tenant) };
      return sign(
        await systemKeys.signingKey(),
        { use: 'refresh_token', ...claims, access: undefined },
        told,
      );
    },
  };
}

function commonClaims(
  audience: TokenAudience,
  principal: string,
  { now, lifetimeSeconds }: { readonly now: number; readonly lifetimeSeconds: number },
): Omit<TokenClaims, 'use' | 'access'> {
  return {
    subject: principal,
    registry: audience.registry,
    issuer: tokenIssuer,
    audience: audience.loginServer,
    modeSince: audience.modeSince ?? 0,
    issuedAt: now,
    notBefore: now,
    expiresAt: now + lifetimeSeconds,
  };
}

/** In one order, so that who asks for the same in another order gets the same token. */
function sortedAccess(access: readonly AccessClaim[]): AccessClaim[] {
  const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b));
  return access
    .map((claim) => ({ ...claim, actions: claim.actions.toSorted(byText) }))
    .sort((a, b) => byText(`${a.type}:${a.name}`, `${b.type}:${b.name}`));
}
