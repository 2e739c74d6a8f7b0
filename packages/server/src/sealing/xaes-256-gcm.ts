/**
 * XAES-256-GCM as C2SP specifies it (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived from
 * the input key and the first half of a nonce of 24 bytes. The nonce may be drawn at random for as many messages
 * as anybody will ever seal, which plain AES-256-GCM does not allow under one long-lived key.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { SealingError } from './sealing-error.ts';

export const xaesKeyBytes = 32;
export const xaesNonceBytes = 24;
export const xaesTagBytes = 16;

const blockBytes = 16;
const gcm = 'aes-256-gcm';
const gcmOptions = { authTagLength: xaesTagBytes };

/** What both directions need: a key of 32 bytes, a nonce of 24, and the additional data that is bound and not stored. */
export interface XaesParameters {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

/** Encrypts; the answer is the ciphertext, then the tag of 16 bytes. */
export function sealXaes({ key, nonce, aad }: XaesParameters, plaintext: Uint8Array): Buffer {
  const derivedKey = deriveKey(key, nonce);
  const cipher = createCipheriv(gcm, derivedKey, nonce.subarray(12), gcmOptions);
  cipher.setAAD(aad);
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  derivedKey.fill(0);
  return sealed;
}

/**
 * Decrypts what sealXaes made. Throws SealingError `authentication_failed` unless key, nonce, additional data,
 * ciphertext and tag all belong together; no plaintext is handed out before the tag was verified.
 */
export function openXaes({ key, nonce, aad }: XaesParameters, sealed: Uint8Array): Buffer {
  if (sealed.length < xaesTagBytes) throw new SealingError('authentication_failed', 'Shorter than a tag.');
  const derivedKey = deriveKey(key, nonce);
  const decipher = createDecipheriv(gcm, derivedKey, nonce.subarray(12), gcmOptions);
  derivedKey.fill(0);
  const tagAt = sealed.length - xaesTagBytes;
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(tagAt));
  const plaintext = decipher.update(sealed.subarray(0, tagAt));
  try {
    decipher.final();
  } catch (error) {
    plaintext.fill(0);
    throw new SealingError('authentication_failed', 'The tag does not fit.', { cause: error });
  }
  return plaintext;
}

/** CMAC-AES256 over two single blocks, so that each is one run of the block cipher (section "Detailed key derivation"). */
function deriveKey(key: Uint8Array, nonce: Uint8Array): Buffer {
  if (key.length !== xaesKeyBytes) throw new RangeError(`A key has ${xaesKeyBytes} bytes.`);
  if (nonce.length !== xaesNonceBytes) throw new RangeError(`A nonce has ${xaesNonceBytes} bytes.`);
  const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const mask = cmacSubkey(aes.update(Buffer.alloc(blockBytes)));
  const blocks = Buffer.alloc(2 * blockBytes);
  for (const counter of [1, 2]) {
    const at = (counter - 1) * blockBytes;
    blocks.set([0, counter, 0x58, 0], at);
    blocks.set(nonce.subarray(0, 12), at + 4);
    for (let i = 0; i < blockBytes; i++) blocks[at + i]! ^= mask[i]!;
  }
  return aes.update(blocks);
}

/** K1 of CMAC: one bit to the left, and the field's polynomial where a bit fell out. */
function cmacSubkey(encryptedZeros: Buffer): Buffer {
  const subkey = Buffer.alloc(blockBytes);
  for (let i = 0; i < blockBytes; i++) {
    subkey[i] = ((encryptedZeros[i]! << 1) | ((encryptedZeros[i + 1] ?? 0) >> 7)) & 0xff;
  }
  if (encryptedZeros[0]! & 0x80) subkey[blockBytes - 1]! ^= 0x87;
  return subkey;
}
