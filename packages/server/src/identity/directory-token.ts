/**
 * The directory's own access tokens: what Microsoft's libraries get from the issuer and bring to /oauth2/exchange.
 * They are signed by keys of their own, so that none of them is ever taken for a registry's token, nor the reverse.
 */
import { CompactSign } from 'jose';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { DirectoryPrincipalRow } from '../registry/access-reader.ts';
import { fromGuid, toGuid } from './guid.ts';
import type { LoginQueue } from './login-queue.ts';
import { headerText, openSignedToken } from './open-signed-token.ts';
import { protectedHeader, type SystemKeys } from './system-keys.ts';

export interface DirectoryClaims {
  /** 32 hex digits. */
  readonly tenant: string;
  /** The principal's id. */
  readonly subject: string;
  /** The origin of the issuer. */
  readonly origin: string;
  readonly audience: string;
  readonly notBefore: number;
  readonly expiresAt: number;
}

export interface DirectoryTokens {
  /** Throws `too_many_requests` when too many wait. */
  issue(about: {
    /** The origin that the client asked: scheme and host. */
    readonly origin: string;
    readonly principal: DirectoryPrincipalRow;
    readonly audience: string;
    /** The client id of the program that a user signed in with; undefined for whoever acts for itself. */
    readonly client?: string;
  }): Promise<string>;
  /** What tells a program who has signed in to it (OpenID Connect). It opens nothing. */
  idToken(about: {
    readonly origin: string;
    readonly user: DirectoryPrincipalRow;
    readonly client: string;
  }): Promise<string>;
  /** True for a token whose header is one of ours; its signature is not looked at. */
  isOurs(token: string): Promise<boolean>;
  /** Checks form, signature, issuer and times. Throws RegistryError `unauthorized`. */
  verify(token: string): Promise<DirectoryClaims>;
}

/** The issuer of a tenant's tokens, at one of our origins. */
export const directoryIssuer = (origin: string, tenant: string): string => `${origin}/${toGuid(tenant)}/v2.0`;

export function createDirectoryTokens(options: {
  readonly systemKeys: SystemKeys;
  readonly queue: LoginQueue;
  readonly clock: () => number;
  readonly newId: () => string;
}): DirectoryTokens {
  const { systemKeys, queue, clock, newId } = options;

  async function keyOf(token: string) {
    const header = headerText(token);
    return header === undefined ? undefined : systemKeys.issuer.byHeader(header);
  }

  /** What every token of the directory says. */
  function claimsOf(origin: string, { id, tenant }: DirectoryPrincipalRow): object {
    const now = Math.floor(clock() / 1000);
    return {
      iss: directoryIssuer(origin, tenant),
      iat: now,
      nbf: now,
      exp: now + limits.directoryTokenSeconds,
      oid: toGuid(id),
      sub: toGuid(id),
      tid: toGuid(tenant),
      uti: newId(),
      ver: '2.0',
    };
  }

  async function sign(claims: object): Promise<string> {
    const key = await systemKeys.issuer.current();
    const payload = new TextEncoder().encode(JSON.stringify(claims));
    return queue.run(() =>
      new CompactSign(payload).setProtectedHeader(protectedHeader(key.kid)).sign(key.privateKey),
    );
  }

  return {
    async issue({ origin, principal, audience, client }) {
      const acting = client === undefined ? applicationClaims(principal) : userClaims(principal, client);
      return sign({ aud: audience, ...claimsOf(origin, principal), ...acting });
    },
    async idToken({ origin, user, client }) {
      const { name } = user;
      return sign({ aud: client, ...claimsOf(origin, user), name, preferred_username: name });
    },
    isOurs: async (token) => (await keyOf(token)) !== undefined,
    async verify(token) {
      const key = await keyOf(token);
      if (key === undefined) throw refused('The token is not valid.');
      const claims = parseClaims(await openSignedToken(token, key.publicKey));
      if (claims === undefined) throw refused('The token is not valid.');
      const now = clock() / 1000;
      if (claims.notBefore > now + limits.clockSkewSeconds) throw refused('The token is not valid yet.');
      if (claims.expiresAt <= now - limits.clockSkewSeconds) throw refused('The token has expired.');
      return claims;
    },
  };
}

function applicationClaims({ appId }: DirectoryPrincipalRow): object {
  const client = appId === undefined ? undefined : toGuid(appId);
  return { appid: client, azp: client, appidacr: '1', idtyp: 'app' };
}

function userClaims({ name }: DirectoryPrincipalRow, client: string): object {
  const program = { appid: client, azp: client, appidacr: '0' };
  return { ...program, idtyp: 'user', scp: 'user_impersonation', name, unique_name: name, upn: name };
}

/** Undefined when a claim is missing or is not what it should be; it never throws. */
function parseClaims(payload: unknown): DirectoryClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { aud, iss, nbf, exp, oid, tid } = payload as Record<string, unknown>;
  if (typeof aud !== 'string' || typeof iss !== 'string') return undefined;
  if (typeof nbf !== 'number' || typeof exp !== 'number') return undefined;
  const subject = typeof oid === 'string' ? fromGuid(oid) : undefined;
  const tenant = typeof tid === 'string' ? fromGuid(tid) : undefined;
  if (subject === undefined || tenant === undefined) return undefined;
  const path = directoryIssuer('', tenant);
  if (!iss.endsWith(path)) return undefined;
  return {
    tenant,
    subject,
    origin: iss.slice(0, -path.length),
    audience: aud,
    notBefore: nbf,
    expiresAt: exp,
  };
}

const refused = (reason: string) => new RegistryError('unauthorized', reason);
