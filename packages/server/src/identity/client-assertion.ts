/**
 * Logins by a signed statement in the place of a secret (RFC 7523): under a certificate of the service principal, or a
 * token of an issuer that the principal trusts.
 *
 * Invariants. Keys come from the principal's own rows, or from where these say: nothing that the assertion says of keys
 * is followed, `kid` and the thumbprints only pick one. The algorithms fit the key's type.
 */
import { createPublicKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors } from 'jose';
import { limits } from '../limits.ts';
import type {
  CertificateRow,
  DirectoryPrincipalRow,
  FederatedCredentialRow,
} from '../registry/access-reader.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import { DirectoryError } from './directory-error.ts';
import { toGuid } from './guid.ts';
import { headerText, openSignedToken } from './open-signed-token.ts';
import { KeysUnavailable, type OutsideKeys } from './outside-keys.ts';
import { isSignedBy, type OutsideToken, readOutsideToken } from './outside-token.ts';

export interface AssertionPlace {
  /** The names that the token endpoint has: an assertion under a certificate must be for one of them. */
  readonly audiences: readonly string[];
}

/** Throws DirectoryError unless this proves the client. */
export type CheckAssertion = (
  application: DirectoryPrincipalRow,
  assertion: string,
  place: AssertionPlace,
) => Promise<void>;

type Header = Readonly<Record<string, unknown>>;
type Claims = Readonly<Record<string, unknown>>;

export function createAssertionCheck(options: {
  readonly reader: Pick<MetadataReader, 'listCertificates' | 'listFederatedCredentials'>;
  readonly keys: OutsideKeys;
  readonly clock: () => number;
}): CheckAssertion {
  const { reader, keys, clock } = options;
  return async (application, assertion, place) => {
    const { header, claims } = unverified(assertion);
    const clientId = toGuid(application.appId ?? '');
    const isOwn = String(claims['iss']).toLowerCase() === clientId;
    if (isOwn) {
      const certificates = await reader.listCertificates(application.id);
      await checkOwn({ assertion, header, certificates, clock });
      refuseUnlessFor(claims, { subject: clientId, audiences: place.audiences });
    } else {
      const credentials = await reader.listFederatedCredentials(application.id);
      await checkSignature(assertion, federatedCredential(claims, credentials), keys);
    }
    refuseTimes(claims, clock() / 1000);
  };
}

/** Read before it is believed: only to find out which of the principal's keys must have signed it. */
function unverified(assertion: string): { readonly header: Header; readonly claims: Claims } {
  if (headerText(assertion) === undefined) throw malformed();
  try {
    return { header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) };
  } catch (error) {
    if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error;
    throw malformed();
  }
}

async function checkOwn(given: {
  readonly assertion: string;
  readonly header: Header;
  readonly certificates: readonly CertificateRow[];
  readonly clock: () => number;
}): Promise<void> {
  const { assertion, header, certificates, clock } = given;
  const certificate = certificates.find((row) => picks(header, row));
  if (certificate === undefined)
    throw badAssertion(
      'The certificate with identifier used to sign the client assertion is not registered on application.',
    );
  if (certificate.expiresAt <= clock())
    throw badAssertion('The certificate used to sign the client assertion has expired.');
  const key = createPublicKey({ key: Buffer.from(certificate.publicKey), format: 'der', type: 'spki' });
  if ((await openSignedToken(assertion, key, ['RS256', 'PS256'])) === undefined)
    throw badAssertion('The signature of the client assertion is not valid.');
}

/**
 * MSAL for Python pads its base64url and MSAL for Go writes plain base64, both against the rules: the bytes are compared.
 * The SHA-256 decides where both thumbprints are there.
 */
function picks(header: Header, { sha1, sha256 }: CertificateRow): boolean {
  const strong = header['x5t#S256'];
  const [given, hex] = strong === undefined ? [header['x5t'], sha1] : [strong, sha256];
  // Node reads either alphabet as both.
  return typeof given === 'string' && Buffer.from(given, 'base64url').equals(Buffer.from(hex, 'hex'));
}

/** The credential that says whose keys must have signed it. */
function federatedCredential(
  claims: Claims,
  credentials: readonly FederatedCredentialRow[],
): FederatedCredentialRow {
  const { iss, sub, aud } = claims;
  const ofIssuer = credentials.filter(({ issuer }) => issuer === iss);
  if (ofIssuer.length === 0) throw noRecord(700211, 'issuer', iss);
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub);
  if (ofSubject.length === 0) throw noRecord(700213, 'subject', sub);
  const audiences: unknown[] = [aud].flat();
  const [credential] = ofSubject.filter(({ audience }) => audiences.includes(audience));
  if (credential === undefined) throw noRecord(700212, 'audience', audiences[0]);
  return credential;
}

async function checkSignature(
  assertion: string,
  credential: FederatedCredentialRow,
  keys: OutsideKeys,
): Promise<void> {
  const token = readOutsideToken(assertion);
  const key = token === undefined ? undefined : await keyOf(token, credential, keys);
  if (token === undefined || key === undefined || !(await isSignedBy(token, key)))
    throw badAssertion('The signature of the client assertion is not valid.');
}

async function keyOf(token: OutsideToken, credential: FederatedCredentialRow, keys: OutsideKeys) {
  try {
    return await keys.find(credential, token);
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    // Entra ID's number for an outside issuer that does not answer.
    throw new DirectoryError(
      'temporarily_unavailable',
      50166,
      'Request to External OIDC endpoint failed; try again.',
    );
  }
}

function refuseUnlessFor(
  claims: Claims,
  expected: { readonly subject: string; readonly audiences: readonly string[] },
): void {
  if (String(claims['sub']).toLowerCase() !== expected.subject)
    throw badAssertion('The subject of the client assertion is not the client.');
  const audiences: unknown[] = [claims['aud']].flat();
  if (!audiences.some((audience) => typeof audience === 'string' && expected.audiences.includes(audience)))
    throw badAssertion('The audience of the client assertion is not this token endpoint.');
}

/** `exp` must be there; a statement that is good for a year is a secret that was written down. */
function refuseTimes({ exp, nbf, iat }: Claims, now: number): void {
  const skew = limits.clockSkewSeconds;
  const begins = [nbf, iat].filter((time) => typeof time === 'number');
  const isInTime =
    typeof exp === 'number' &&
    exp > now - skew &&
    exp <= now + limits.assertionSeconds + skew &&
    begins.every((time) => time <= now + skew);
  if (isInTime) return;
  throw new DirectoryError('invalid_client', 700024, 'Client assertion is not within its valid time range.');
}

const malformed = (): DirectoryError =>
  new DirectoryError('invalid_request', 50027, 'JWT token is invalid or malformed.');
const badAssertion = (why: string): DirectoryError =>
  new DirectoryError('invalid_client', 700027, `Client assertion failed signature validation. ${why}`);

function noRecord(aadsts: number, what: string, value: unknown): DirectoryError {
  const shown = typeof value === 'string' ? value.slice(0, 256) : '';
  const message = `No matching federated identity record found for presented assertion ${what} '${shown}'.`;
  return new DirectoryError('invalid_client', aadsts, message);
}
