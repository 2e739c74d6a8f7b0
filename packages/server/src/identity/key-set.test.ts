import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { pickKey, readKeySet } from './key-set.ts';
import { makeKey } from './made-issuer.fixture.ts';

const ec = makeKey('a');
const other = makeKey('b');
const rsa = makeKey('r', 'RS256');
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

const kidsIn = (...keys: unknown[]) => readKeySet({ keys })?.map(({ kid }) => kid);

describe('a key set', () => {
  test('has the keys that sign, of the kinds that are used; others are passed over', () => {
    const unfit = [
      { ...small, kid: 'small' },
      { ...rsa.jwk, kid: 'encrypts', use: 'enc' },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'no point' },
      null,
      'k',
    ];
    expect(kidsIn(...unfit, ec.jwk, rsa.jwk)).toEqual(['a', 'r']);
  });

  test.each([[undefined], [null], ['keys'], [{}], [{ keys: {} }]])('is not %j', (document) => {
    expect(readKeySet(document)).toBeUndefined();
  });
});

describe('the key of a token', () => {
  const keys = readKeySet({ keys: [ec.jwk, other.jwk, rsa.jwk] }) ?? [];
  test.each([
    [{ alg: 'ES256', kid: 'a' }, 'a'],
    [{ alg: 'RS512', kid: 'r' }, 'r'],
    [{ alg: 'PS256', kid: undefined }, 'r'],
    // Two could be meant.
    [{ alg: 'ES256', kid: undefined }, undefined],
    [{ alg: 'RS256', kid: 'a' }, undefined],
    [{ alg: 'ES384', kid: 'a' }, undefined],
    [{ alg: 'HS256', kid: 'r' }, undefined],
    [{ alg: 'none', kid: undefined }, undefined],
    [{ alg: 'constructor', kid: 'a' }, undefined],
  ])('%j is %s', (wanted, kid) => {
    expect(pickKey(keys, wanted)?.kid).toBe(kid);
  });

  test('is for the algorithm alone that its issuer says', () => {
    const [bound] = readKeySet({ keys: [{ ...rsa.jwk, alg: 'RS256' }] }) ?? [];
    expect(bound?.alg).toBe('RS256');
    expect(pickKey(bound === undefined ? [] : [bound], { alg: 'RS384', kid: 'r' })).toBeUndefined();
  });
});
