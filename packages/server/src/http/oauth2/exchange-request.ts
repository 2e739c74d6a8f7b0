import { RegistryError } from '../../errors.ts';
import { fromGuid } from '../../identity/guid.ts';
import { singleParameter } from '../single-parameter.ts';

/** What an exchange asks for. */
export interface ExchangeRequest {
  /** A token of the directory or of a trusted issuer. */
  readonly token: string;
  readonly service: string | undefined;
  /** The id of the tenant that the client believes to be in, as 32 hex digits; undefined for none or a name. */
  readonly tenant: string | undefined;
}

/**
 * `POST /oauth2/exchange` with a form. `access_token` is what az and the SDKs send; the kubelet's plugin sends
 * `access_token_refresh_token` with the same token in both places. What comes as a refresh token is a token of the
 * directory too: a registry's own can't be prolonged, so a login ends when it says. Throws RegistryError `bad_request`.
 */
export function parseExchangeForm(form: URLSearchParams): ExchangeRequest {
  const service = singleParameter(form, 'service', badRequest) || undefined;
  const tenant = fromGuid(singleParameter(form, 'tenant', badRequest) ?? '');
  switch (singleParameter(form, 'grant_type', badRequest) ?? '') {
    case 'access_token':
    case 'access_token_refresh_token':
      return { token: required(form, 'access_token'), service, tenant };
    case 'refresh_token':
      return { token: required(form, 'refresh_token'), service, tenant };
    default:
      throw badRequest(
        'grant_type must be access_token, refresh_token or access_token_refresh_token at this endpoint.',
      );
  }
}

function required(form: URLSearchParams, name: string): string {
  const value = singleParameter(form, name, badRequest) ?? '';
  if (value === '') throw badRequest(`The parameter ${name} is missing.`);
  return value;
}

const badRequest = (message: string) => new RegistryError('bad_request', message);
