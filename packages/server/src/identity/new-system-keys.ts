import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { NewSystemKey } from '../registry/commands.ts';
import { clearBox, sealBox } from '../sealing/box.ts';
import { systemKeyContext } from '../sealing/box-context.ts';
import type { KeyRing } from '../sealing/key-ring.ts';
import { type SecretPurpose, systemKeyPurposes } from './system-keys.ts';

/** The first version of every system key, for the first transaction of a deployment. No ring: `--encryption none`. */
export async function newSystemKeys(ring: KeyRing | undefined): Promise<NewSystemKey[]> {
  const [signing, issuer] = await Promise.all([newSigningKey(ring, 1), newIssuerKey(ring, 1)]);
  return [newSecret(ring, 'verifier', 1), signing, newSecret(ring, 'uploadToken', 1), issuer];
}

/** A fresh secret of 32 bytes. */
export function newSecret(ring: KeyRing | undefined, purpose: SecretPurpose, version: number): NewSystemKey {
  return sealed(ring, { purpose: systemKeyPurposes[purpose], version }, randomBytes(32));
}

/** A fresh signing key: RSA with 2048 bits, since RS256 is what ACR's clients know, sealed as PKCS #8. */
export function newSigningKey(ring: KeyRing | undefined, version: number): Promise<NewSystemKey> {
  return newRsaKey(ring, 'signing', version);
}

/** A key for the directory's tokens: another than for a registry's, so that neither is ever taken for the other. */
export function newIssuerKey(ring: KeyRing | undefined, version: number): Promise<NewSystemKey> {
  return newRsaKey(ring, 'issuer', version);
}

async function newRsaKey(
  ring: KeyRing | undefined,
  purpose: 'signing' | 'issuer',
  version: number,
): Promise<NewSystemKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  return sealed(ring, { purpose: systemKeyPurposes[purpose], version }, pkcs8);
}

function sealed(
  ring: KeyRing | undefined,
  place: { readonly purpose: number; readonly version: number },
  plaintext: Uint8Array,
): NewSystemKey {
  if (ring === undefined) return { ...place, box: clearBox(plaintext) };
  const { number: keyNumber, key } = ring.current;
  const context = systemKeyContext(place);
  return { ...place, box: sealBox({ kind: 'systemKey', keyNumber, key, context, plaintext }) };
}
