import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openXaes, sealXaes } from './xaes-256-gcm.ts';

const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
const plaintext = Buffer.from('XAES-256-GCM');

// The vectors of https://c2sp.org/XAES-256-GCM, section "Test vectors".
const vectors = [
  { key: 0x01, aad: '', sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
  {
    key: 0x03,
    aad: 'c2sp.org/XAES-256-GCM',
    sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
  },
];

describe('XAES-256-GCM', () => {
  test.each(vectors)("seals and opens C2SP's vector with key bytes $key", ({ key, aad, sealed }) => {
    const parameters = { key: Buffer.alloc(32, key), nonce, aad: Buffer.from(aad) };
    expect(sealXaes(parameters, plaintext).toString('hex')).toBe(sealed);
    expect(openXaes(parameters, Buffer.from(sealed, 'hex'))).toEqual(plaintext);
  });

  test("seals and opens C2SP's 10,000 accumulated vectors", () => {
    const stream = createHash('shake128', { outputLength: 4_000_000 }).digest();
    let at = 0;
    const take = (bytes: number) => stream.subarray(at, (at += bytes));
    const digest = createHash('shake128', { outputLength: 32 });
    for (let i = 0; i < 10_000; i++) {
      const key = take(32);
      const randomNonce = take(24);
      const message = take(take(1)[0]!);
      const aad = take(take(1)[0]!);
      const sealed = sealXaes({ key, nonce: randomNonce, aad }, message);
      if (!openXaes({ key, nonce: randomNonce, aad }, sealed).equals(message))
        throw new Error(`Message ${i} does not open.`);
      digest.update(sealed);
    }
    expect(at).toBeLessThan(stream.length);
    expect(digest.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
  });

  test('opens nothing in which one bit was changed, or which was cut', () => {
    const key = randomBytes(32);
    const parameters = { key, nonce, aad: Buffer.from('context') };
    const sealed = sealXaes(parameters, plaintext);
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const changed = Buffer.from(sealed);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => openXaes(parameters, changed)).toThrow('tag');
      }),
    );
    for (let length = 0; length < sealed.length; length++) {
      expect(() => openXaes(parameters, sealed.subarray(0, length))).toThrow('tag');
    }
    expect(() => openXaes({ ...parameters, aad: Buffer.from('contexu') }, sealed)).toThrow('tag');
  });

  test('takes no key and no nonce of another length', () => {
    const aad = Buffer.alloc(0);
    expect(() => sealXaes({ key: Buffer.alloc(16), nonce, aad }, plaintext)).toThrow(RangeError);
    expect(() => sealXaes({ key: Buffer.alloc(32), nonce: Buffer.alloc(12), aad }, plaintext)).toThrow(
      RangeError,
    );
  });
});
