import type { ClientProof } from '../../identity/client-login.ts';
import { DirectoryError } from '../../identity/directory-error.ts';
import { parseAuthorization } from '../../identity/parse-authorization.ts';
import { parameter, readAudience, requiredParameter } from './token-parameters.ts';

/** A request for a token by client credentials. */
export interface ClientRequest {
  readonly clientId: string;
  readonly proof: ClientProof;
  /** What the token shall be for, without `/.default`. */
  readonly audience: string;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads the form of `grant_type=client_credentials`. The client's id and secret may come by Basic instead. Throws DirectoryError.
 * `claims`, `client_info` and what else the libraries send is not looked at.
 */
export function parseClientRequest(form: URLSearchParams, authorization: string | undefined): ClientRequest {
  const basic = parseAuthorization(authorization);
  const fromHeader = basic.scheme === 'basic' ? basic : undefined;
  const clientId =
    fromHeader === undefined ? requiredParameter(form, 'client_id') : formDecoded(fromHeader.user);
  const secret =
    fromHeader === undefined ? parameter(form, 'client_secret') : formDecoded(fromHeader.password);
  return { clientId, proof: proofOf(form, secret), audience: readAudience(form) };
}

function proofOf(form: URLSearchParams, secret: string | undefined): ClientProof {
  const assertion = parameter(form, 'client_assertion');
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
  if (parameter(form, 'client_assertion_type') !== assertionType) {
    const message = `The 'client_assertion_type' must be '${assertionType}'.`;
    throw new DirectoryError('invalid_request', 90027, message);
  }
  return { kind: 'assertion', assertion };
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
