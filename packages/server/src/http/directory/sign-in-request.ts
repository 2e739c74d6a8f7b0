import { DirectoryError } from '../../identity/directory-error.ts';
import { isGuid } from '../../identity/guid.ts';
import { parameter, readAudience, requiredParameter } from './token-parameters.ts';

/** How a user proves himself to the token endpoint: by a password, or by what he got for it before. */
export type UserGrant =
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  | { readonly kind: 'refresh'; readonly refreshToken: string };

/** A request for a token of a user, by a program that he uses. */
export interface SignInRequest {
  readonly grant: UserGrant;
  /** A GUID in lower case. */
  readonly clientId: string;
  readonly audience: string;
  /** The scopes as asked. */
  readonly scope: string;
  readonly wantsIdToken: boolean;
  readonly wantsRefreshToken: boolean;
  /** MSAL asks for ids that it files the account under. */
  readonly wantsClientInfo: boolean;
}

/** Reads the form of `grant_type=password` and `grant_type=refresh_token`. Throws DirectoryError. */
export function parseSignInRequest(
  form: URLSearchParams,
  grantType: 'password' | 'refresh_token',
): SignInRequest {
  const clientId = requiredParameter(form, 'client_id').toLowerCase();
  if (!isGuid(clientId)) {
    const message = `Specified identifier '${clientId.slice(0, 64)}' is not a valid application identifier.`;
    throw new DirectoryError('invalid_request', 900023, message);
  }
  const grant = grantOf(form, grantType);
  const scope = parameter(form, 'scope') ?? '';
  const scopes = scope.split(/\s+/);
  return {
    grant,
    clientId,
    audience: readAudience(form),
    scope,
    wantsIdToken: scopes.includes('openid'),
    wantsRefreshToken: grant.kind === 'refresh' || scopes.includes('offline_access'),
    wantsClientInfo: parameter(form, 'client_info') === '1',
  };
}

function grantOf(form: URLSearchParams, grantType: 'password' | 'refresh_token'): UserGrant {
  if (grantType === 'refresh_token')
    return { kind: 'refresh', refreshToken: requiredParameter(form, 'refresh_token') };
  const name = requiredParameter(form, 'username');
  return { kind: 'password', name, password: requiredParameter(form, 'password') };
}
