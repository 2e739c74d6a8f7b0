import { createPublicKey } from 'node:crypto';
import type { JWK as JsonWebKey } from 'jose';
import { RegistryError } from '../errors.ts';

const keysMax = 20;

/**
 * Reads a JWK set of an issuer and gives back its public part, as JSON: keys with a `kid`, RSA of 2048 bits or more, or
 * EC, or Ed25519. @throws resource_invalid
 */
export function readIssuerKeys(json: string): string {
  const keys = keysIn(json);
  if (keys === undefined || keys.length === 0 || keys.length > keysMax)
    throw invalid(`Give a JWK set with 1 to ${keysMax} keys: {"keys":[…]}.`);
  return JSON.stringify({ keys: keys.map(publicPart) });
}

function keysIn(json: string): JsonWebKey[] | undefined {
  try {
    const { keys } = JSON.parse(json) as { keys?: unknown };
    return Array.isArray(keys) ? (keys as JsonWebKey[]) : undefined;
  } catch {
    return undefined;
  }
}

function publicPart(key: JsonWebKey): JsonWebKey {
  const kid = (key as { kid?: unknown }).kid;
  if (typeof kid !== 'string' || kid === '') throw invalid('Every key of the set needs a kid.');
  if (key.kty !== 'RSA' && key.kty !== 'EC' && key.kty !== 'OKP')
    throw invalid(`The key ${kid} is neither RSA nor EC nor Ed25519.`);
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' });
    if (key.kty === 'RSA' && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
      throw invalid(`The key ${kid} has fewer than 2048 bits.`);
    return { ...publicKey.export({ format: 'jwk' }), kid };
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw invalid(`The key ${kid} can't be read.`);
  }
}

const invalid = (message: string): RegistryError => new RegistryError('resource_invalid', message);
