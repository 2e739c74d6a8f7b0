import { X509Certificate } from 'node:crypto';
import { RegistryError } from '../errors.ts';
import { flawInAddress, flawInIssuer } from '../identity/issuer-url.ts';
import { readIssuerKeys } from '../identity/read-issuer-keys.ts';

/** How the operator says where the keys of an issuer come from. */
interface GivenKeys {
  readonly issuer: string;
  /** A JWK set as JSON. */
  readonly keys?: string;
  readonly jwksUri?: string;
  /** PEM. */
  readonly ca?: string;
}

/** The keys, or where to fetch them, as they are stored. @throws resource_invalid, which says what to give instead */
export function readGivenKeys({ issuer, keys, jwksUri, ca }: GivenKeys): {
  readonly keys: string | null;
  readonly jwksUri: string | null;
  readonly ca: string | null;
} {
  if (keys !== undefined) {
    if (jwksUri !== undefined || ca !== undefined)
      throw invalid('With --keys nothing is fetched: leave --jwks-uri and --ca-file out, or --keys.');
    return { keys: readIssuerKeys(keys), jwksUri: null, ca: null };
  }
  const flaw = flawInIssuer(issuer) ?? (jwksUri === undefined ? undefined : flawInAddress(jwksUri));
  if (flaw !== undefined) throw invalid(`${flaw} Or give the issuer's keys with --keys FILE.`);
  if (ca !== undefined) refuseNoCertificate(ca);
  return { keys: null, jwksUri: jwksUri ?? null, ca: ca ?? null };
}

function refuseNoCertificate(pem: string): void {
  try {
    void new X509Certificate(pem);
  } catch {
    throw invalid('The file of --ca-file holds no certificate: give PEM, -----BEGIN CERTIFICATE-----.');
  }
}

const invalid = (message: string): RegistryError => new RegistryError('resource_invalid', message);
