/**
 * Who is it? Credentials in, a caller out, or a refusal.
 *
 * Invariants. A caller comes from a principal's row as it is now, never from what a token says about it. Anonymous
 * callers are a kind of their own. Credentials that are wrong are refused also where none were needed.
 */
import { anonymousPrincipal, anonymousPrincipalId } from '../access/anonymous-principal.ts';
import type { Caller, Principal } from '../access/authorise.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { opensRegistries } from './audiences.ts';
import type { Directory } from './directory.ts';
import type { DirectoryTokens } from './directory-token.ts';
import { type LoginPlace, refuseUnlessMayLogIn } from './login-place.ts';
import type { OutsideLogin } from './outside-login.ts';
import type { Credentials } from './parse-authorization.ts';
import type { PasswordLogin } from './password-login.ts';
import { claimsThatStand } from './repository-claims.ts';
import { audienceOf } from './token-issuer.ts';
import type { TokenVerifier } from './token-verifier.ts';

/**
 * The user name of whoever logs in with a token as the password: a refresh token, as `az acr login` does, or a token of
 * the directory or of a trusted issuer.
 */
export const tokenUser = '00000000-0000-0000-0000-000000000000';

export interface Authenticated {
  readonly caller: Caller;
  /** True when an access token has expired and is read by grace. */
  readonly expired: boolean;
  /** When the credentials end by themselves, in milliseconds; undefined for never. */
  readonly validUntilMs: number | undefined;
}

export interface Authenticator {
  /**
   * Throws RegistryError `unauthorized` for credentials that are wrong or of no known kind, and `too_many_requests`.
   * No credentials are an anonymous caller, with whatever rights the registry gives it.
   * @param acceptsExpired an access token may have expired up to `uploadLifetimeSeconds` ago.
   */
  authenticate(credentials: Credentials, place: LoginPlace, acceptsExpired?: boolean): Promise<Authenticated>;
  /** A refresh token as credentials. Throws `unauthorized`. */
  redeem(refreshToken: string, place: LoginPlace): Promise<Caller>;
  /** A token of the directory or of a trusted issuer as credentials. Throws `unauthorized`, and as OutsideLogin does. */
  redeemIdentityToken(token: string, place: LoginPlace): Promise<Caller>;
}

interface AuthenticatorParts {
  readonly directory: Directory;
  readonly passwordLogin: PasswordLogin;
  readonly tokens: TokenVerifier;
  readonly directoryTokens: DirectoryTokens;
  readonly outsideLogin: OutsideLogin;
}

export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { passwordLogin, outsideLogin } = parts;
  const { withToken, withRefreshToken, withIdentityToken } = tokenLogins(parts);
  return {
    redeemIdentityToken: async (token, place) => (await withIdentityToken(token, place)).caller,
    redeem: async (refreshToken, place) => (await withRefreshToken(refreshToken, place)).caller,
    async authenticate(credentials, place, acceptsExpired = false) {
      switch (credentials.scheme) {
        case 'none':
          return {
            caller: { principal: anonymousPrincipal(place.registry.id), bound: undefined },
            expired: false,
            validUntilMs: undefined,
          };
        case 'bearer':
          return withToken(credentials.token, place, acceptsExpired ? limits.uploadLifetimeSeconds : 0);
        case 'basic': {
          const { user, password } = credentials;
          if (user === tokenUser) {
            // A registry's refresh token has no URL as its issuer, the directory's and those from outside do.
            return outsideLogin.isMeant(password)
              ? withIdentityToken(password, place)
              : withRefreshToken(password, place);
          }
          const caller = await passwordLogin({ user, password }, place);
          return { caller, expired: false, validUntilMs: undefined };
        }
        case 'unknown':
          throw new RegistryError(
            'unauthorized',
            'The Authorization header is neither Basic nor Bearer, or malformed.',
          );
      }
    },
  };
}

/** The logins by each kind of token. */
function tokenLogins({ directory, tokens, directoryTokens, outsideLogin }: AuthenticatorParts) {
  async function withToken(
    token: string,
    place: LoginPlace,
    expiredGraceSeconds: number,
  ): Promise<Authenticated> {
    const claims = await tokens.verify(token, {
      ...audienceOf(place),
      use: 'access_token',
      expiredGraceSeconds,
    });
    const principal = await principalOf(directory, claims.subject, place);
    const validUntilMs = claims.expiresAt * 1000;
    const bound = await claimsThatStand(
      claims.access ?? [],
      place.registry.id,
      directory.repositoryDeletedAt,
    );
    return { caller: { principal, bound }, expired: claims.expired, validUntilMs };
  }

  async function withRefreshToken(refreshToken: string, place: LoginPlace): Promise<Authenticated> {
    const expected = { ...audienceOf(place), use: 'refresh_token', expiredGraceSeconds: 0 } as const;
    const claims = await tokens.verify(refreshToken, expected);
    const principal = await principalOf(directory, claims.subject, place);
    const caller = { principal, bound: undefined };
    return { caller, expired: false, validUntilMs: claims.expiresAt * 1000 };
  }

  async function withDirectoryToken(token: string, place: LoginPlace): Promise<Authenticated> {
    const claims = await directoryTokens.verify(token);
    if (!opensRegistries(claims.audience, claims.origin))
      throw new RegistryError('unauthorized', 'The token was not issued for registries.');
    const principal = await principalOf(directory, claims.subject, place);
    if (principal.kind !== 'directory' || principal.tenant !== claims.tenant)
      throw new RegistryError('unauthorized', 'The token is not valid.');
    return { caller: { principal, bound: undefined }, expired: false, validUntilMs: claims.expiresAt * 1000 };
  }

  async function withIdentityToken(token: string, place: LoginPlace): Promise<Authenticated> {
    const isOutside = !(await directoryTokens.isOurs(token)) && outsideLogin.isMeant(token);
    if (!isOutside) return withDirectoryToken(token, place);
    const { principal, validUntilMs } = await outsideLogin.logIn(token, place);
    return { caller: { principal, bound: undefined }, expired: false, validUntilMs };
  }

  return { withToken, withRefreshToken, withIdentityToken };
}

/** Whoever a token was issued to, as he is now. */
async function principalOf(directory: Directory, id: string, place: LoginPlace): Promise<Principal> {
  const isAnonymous = id === anonymousPrincipalId;
  const principal = isAnonymous
    ? anonymousPrincipal(place.registry.id)
    : await directory.principalById(id, place.registry);
  if (principal?.registry !== place.registry.id) {
    throw new RegistryError('unauthorized', 'Whoever this token was issued to does not exist any more.');
  }
  refuseUnlessMayLogIn(principal, place);
  return principal;
}
