import { parseScopes, type Scope, ScopeError } from '@cerulean/oci/scope.ts';
import { RegistryError } from '../../errors.ts';
import { type Credentials, parseAuthorization } from '../../identity/parse-authorization.ts';
import { limits } from '../../limits.ts';
import { singleParameter } from '../single-parameter.ts';

/** What a token request asks for, and by which credentials. */
export interface TokenRequest {
  readonly credentials: Credentials | { readonly scheme: 'refresh'; readonly refreshToken: string };
  /** The registry that the token shall be for; undefined leaves it to the host. */
  readonly service: string | undefined;
  readonly scopes: readonly Scope[];
}

/**
 * `GET /oauth2/token?service=…&scope=…` with Basic or without credentials (docker's form). Throws RegistryError
 * `bad_request`. Parameters that are not needed (`account`, `client_id`, `offline_token`) are not looked at.
 */
export function parseTokenQuery(query: URLSearchParams, authorization: string | undefined): TokenRequest {
  return { credentials: parseAuthorization(authorization), ...whatIsAsked(query) };
}

/**
 * `POST /oauth2/token` with a form: `grant_type` `refresh_token` or `password`. The password grant takes `username` and
 * `password`, else the Authorization header, else it is anonymous (Azure's SDKs send an empty `refresh_token` along).
 * Throws RegistryError `bad_request`.
 */
export function parseTokenForm(form: URLSearchParams, authorization: string | undefined): TokenRequest {
  const refreshToken = singleParameter(form, 'refresh_token', badRequest) ?? '';
  switch (singleParameter(form, 'grant_type', badRequest)) {
    case 'refresh_token':
      if (refreshToken === '') throw badRequest('grant_type=refresh_token needs a refresh_token.');
      return { credentials: { scheme: 'refresh', refreshToken }, ...whatIsAsked(form) };
    case 'password':
      if (refreshToken !== '') throw badRequest('grant_type=password takes no refresh_token.');
      return { credentials: passwordCredentials(form, authorization), ...whatIsAsked(form) };
    case undefined:
    case '':
      throw badRequest('grant_type is missing; it may be password or refresh_token.');
    default:
      throw badRequest('This grant_type is not supported; it may be password or refresh_token.');
  }
}

function passwordCredentials(form: URLSearchParams, authorization: string | undefined): Credentials {
  const user = singleParameter(form, 'username', badRequest) ?? '';
  const password = singleParameter(form, 'password', badRequest) ?? '';
  if (user !== '') return { scheme: 'basic', user, password };
  if (password !== '') throw badRequest('grant_type=password needs a username with the password.');
  return parseAuthorization(authorization);
}

function whatIsAsked(parameters: URLSearchParams): Pick<TokenRequest, 'service' | 'scopes'> {
  try {
    const scopes = parseScopes(parameters.getAll('scope'), limits);
    return { service: singleParameter(parameters, 'service', badRequest) || undefined, scopes };
  } catch (error) {
    if (!(error instanceof ScopeError)) throw error;
    throw badRequest(error.message);
  }
}

const badRequest = (message: string) => new RegistryError('bad_request', message);
