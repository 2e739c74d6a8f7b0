import type { ClientProof } from '../../identity/client-login.ts';
import { DirectoryError } from '../../identity/directory-error.ts';
import { parseAuthorization } from '../../identity/parse-authorization.ts';

/** A request for a token by client credentials. */
export interface ClientRequest {
  readonly clientId: string;
  readonly proof: ClientProof;
  /** What the token shall be for, without `/.default`. */
  readonly audience: string;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Go's library asks for them along with each token; they mean nothing for an application. */
const signInScopes = ['openid', 'offline_access', 'profile', 'email'];

/**
 * Reads the form of the token endpoint. The client's id and secret may come by Basic instead. Throws DirectoryError.
 * `claims`, `client_info` and what else the libraries send is not looked at.
 */
export function parseClientRequest(form: URLSearchParams, authorization: string | undefined): ClientRequest {
  const grantType = required(form, 'grant_type');
  if (grantType !== 'client_credentials') {
    const message = `The app requested an unsupported grant type '${grantType.slice(0, 64)}': applications log in with client_credentials.`;
    throw new DirectoryError('unsupported_grant_type', 70003, message);
  }
  const basic = parseAuthorization(authorization);
  const fromHeader = basic.scheme === 'basic' ? basic : undefined;
  const clientId = fromHeader === undefined ? required(form, 'client_id') : formDecoded(fromHeader.user);
  const secret = fromHeader === undefined ? single(form, 'client_secret') : formDecoded(fromHeader.password);
  return { clientId, proof: proofOf(form, secret), audience: audienceOf(form) };
}

function proofOf(form: URLSearchParams, secret: string | undefined): ClientProof {
  const assertion = single(form, 'client_assertion');
  if (assertion !== undefined && secret !== undefined)
    throw new DirectoryError(
      'invalid_request',
      50146,
      'Give a client secret or a client assertion, not both.',
    );
  if (secret !== undefined) return { kind: 'secret', secret };
  if (assertion === undefined) {
    const message =
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    throw new DirectoryError('invalid_client', 7000218, message);
  }
  if (single(form, 'client_assertion_type') !== assertionType) {
    const message = `The 'client_assertion_type' must be '${assertionType}'.`;
    throw new DirectoryError('invalid_request', 90027, message);
  }
  return { kind: 'assertion', assertion };
}

/** `scope` is one resource with `/.default` behind it; the older form is `resource`. */
function audienceOf(form: URLSearchParams): string {
  const resource = single(form, 'resource');
  if (resource !== undefined) return resource;
  const scopes = required(form, 'scope')
    .split(/\s+/)
    .filter((scope) => scope !== '' && !signInScopes.includes(scope));
  const [scope, ...others] = scopes;
  if (scope === undefined || others.length > 0 || !scope.endsWith('/.default')) {
    const message = `The provided value for the input parameter 'scope' is not valid: it must be one resource with /.default behind it.`;
    throw new DirectoryError('invalid_scope', 70011, message);
  }
  return scope.slice(0, -'/.default'.length);
}

function required(form: URLSearchParams, name: string): string {
  const value = single(form, name);
  if (value !== undefined) return value;
  const message = `The request body must contain the following parameter: '${name}'.`;
  throw new DirectoryError('invalid_request', 900144, message);
}

/** A parameter that comes twice is refused: two readers could each take another one. Empty is as not given. */
function single(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  if (values.length > 1)
    throw new DirectoryError('invalid_request', 90023, `The parameter '${name}' is given more than once.`);
  return values[0] === '' ? undefined : values[0];
}

/** RFC 6749 section 2.3.1: both halves of Basic are form-encoded. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}
