/**
 * The claims of a token, named as ACR names them.
 *
 * `sub` is the principal's id, which never changes and is never given twice; names can be. `rid` is the registry's
 * id, so that a token dies with its registry and not with its name. `aud` is the registry's login server.
 */
import type { AccessClaim } from '../access/authorise.ts';
import { isId } from '../sealing/id-bytes.ts';
import { toGuid } from './guid.ts';

export const tokenIssuer = 'Azure Container Registry';

/** What a token may be used for: the `grant_type` claim, so that neither passes for the other. */
export type TokenUse = 'access_token' | 'refresh_token';

/** Claims that were read from a token whose signature is right. Times in seconds since the epoch. */
export interface TokenClaims {
  readonly use: TokenUse;
  readonly subject: string;
  readonly registry: string;
  readonly issuer: string;
  readonly audience: string;
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly expiresAt: number;
  /** When the registry's role assignment mode had last been changed, in milliseconds; 0 for never. */
  readonly modeSince: number;
  /** What an access token allows at the most; undefined for a refresh token. */
  readonly access: readonly AccessClaim[] | undefined;
}

/** The payload of a token. `id` is 32 hex digits; ACR writes it as a UUID. */
export function tokenPayload(claims: TokenClaims, id: string): Record<string, unknown> {
  return {
    jti: toGuid(id),
    sub: claims.subject,
    nbf: claims.notBefore,
    exp: claims.expiresAt,
    iat: claims.issuedAt,
    iss: claims.issuer,
    aud: claims.audience,
    version: '1.0',
    rid: claims.registry,
    grant_type: claims.use,
    ...(claims.modeSince === 0 ? {} : { mode_since: claims.modeSince }),
    // az acr check-health reads access[0].actions and needs the lower-case names.
    ...(claims.access === undefined
      ? { permissions: { actions: ['*'], notActions: [] } }
      : { access: claims.access }),
    roles: [],
  };
}

/** Reads a payload. Undefined when a claim is missing or is not what it should be; it never throws. */
export function parseTokenPayload(payload: unknown): TokenClaims | undefined {
  if (!isObject(payload)) return undefined;
  const { sub, rid, iss, aud, iat, nbf, exp, grant_type: use, mode_since: modeSince = 0 } = payload;
  if (typeof sub !== 'string' || !isId(sub) || typeof rid !== 'string' || !isId(rid)) return undefined;
  if (typeof iss !== 'string' || typeof aud !== 'string') return undefined;
  if (!isTime(iat) || !isTime(nbf) || !isTime(exp) || !isTime(modeSince)) return undefined;
  const common = {
    subject: sub,
    registry: rid,
    issuer: iss,
    audience: aud,
    issuedAt: iat,
    notBefore: nbf,
    expiresAt: exp,
    modeSince,
  };
  if (use === 'refresh_token') return { use, ...common, access: undefined };
  if (use !== 'access_token') return undefined;
  const access = payload['access'];
  return Array.isArray(access) && access.every(isAccessClaim) ? { use, ...common, access } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isAccessClaim(value: unknown): value is AccessClaim {
  if (!isObject(value)) return false;
  const { type, name, actions, since = 0 } = value;
  if (typeof type !== 'string' || typeof name !== 'string' || !Array.isArray(actions)) return false;
  if (!isTime(since)) return false;
  return actions.every((action) => typeof action === 'string');
}
