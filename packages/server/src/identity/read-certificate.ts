import { createHash, X509Certificate } from 'node:crypto';
import { RegistryError } from '../errors.ts';
import type { NewCertificate } from '../registry/access-commands.ts';

const begin = '-----BEGIN CERTIFICATE-----';

/**
 * Reads the certificate that a service principal signs its assertions under: RSA with 2048 bits or more, since the
 * libraries sign with RS256 and PS256. Whoever made it is not asked: the operator vouches for it by giving it.
 * @throws resource_invalid
 */
export function readCertificate(
  pem: string,
): Pick<NewCertificate, 'sha1' | 'sha256' | 'publicKey' | 'expiresAt'> {
  if (/PRIVATE KEY/.test(pem)) throw invalid('The file holds a private key: give the certificate alone.');
  if (pem.split(begin).length !== 2) throw invalid('Give one certificate, in PEM.');
  const certificate = parse(pem);
  const { publicKey, raw } = certificate;
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < 2048)
    throw invalid('The certificate must have an RSA key of 2048 bits or more.');
  const thumbprint = (algorithm: string) => createHash(algorithm).update(raw).digest('hex');
  return {
    sha1: thumbprint('sha1'),
    sha256: thumbprint('sha256'),
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })),
    expiresAt: Date.parse(certificate.validTo),
  };
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid('The file is no certificate in PEM.');
  }
}

const invalid = (message: string): RegistryError => new RegistryError('resource_invalid', message);
