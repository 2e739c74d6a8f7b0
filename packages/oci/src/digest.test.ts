import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestAlgorithm, digestHex, explainDigest, isDigestAlgorithm, parseDigest } from './digest.ts';

const emptySha256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const emptySha512 =
  'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e';
const hexDigit = fc.constantFrom(...'0123456789abcdef');

describe('parseDigest', () => {
  test('accepts the registered forms of sha256 and sha512', () => {
    expect(parseDigest(emptySha256)).toBe(emptySha256);
    expect(parseDigest(emptySha512)).toBe(emptySha512);
  });

  test.each([
    ['', 'nothing'],
    [emptySha256.slice(7), 'no algorithm'],
    [`SHA256:${emptySha256.slice(7)}`, 'upper-case algorithm'],
    [emptySha256.replace('e3b0', 'E3B0'), 'upper-case hex'],
    [emptySha256.slice(0, -1), 'one character short'],
    [`${emptySha256}0`, 'one character long'],
    [`${emptySha256}\n`, 'a line end behind'],
    [` ${emptySha256}`, 'a space in front'],
    [emptySha256.replace('sha256', 'sha512'), 'length of the other algorithm'],
    [emptySha512.replace('sha512', 'sha256'), 'length of the other algorithm'],
    [emptySha256.replace('sha256', 'md5'), 'unknown algorithm'],
    [emptySha256.replace('sha256', 'blake3'), 'registered, not computed here'],
    ['sha256:../../x', 'a path'],
    [emptySha256.replace('e3b0', 'g3b0'), 'not hex'],
    [emptySha256.replace(':', '%3A'), 'an encoded colon'],
  ])('refuses %j (%s)', (text) => {
    expect(parseDigest(text)).toBeUndefined();
  });

  test('accepts every digest made of the right number of hex digits and takes it apart again', () => {
    const arbitrary = fc.oneof(
      fc.tuple(fc.constant('sha256'), fc.string({ unit: hexDigit, minLength: 64, maxLength: 64 })),
      fc.tuple(fc.constant('sha512'), fc.string({ unit: hexDigit, minLength: 128, maxLength: 128 })),
    );
    fc.assert(
      fc.property(arbitrary, ([algorithm, hex]) => {
        const digest = parseDigest(`${algorithm}:${hex}`);
        if (digest === undefined) throw new Error('refused');
        expect(digestAlgorithm(digest)).toBe(algorithm);
        expect(digestHex(digest)).toBe(hex);
      }),
    );
  });

  test('refuses a digest as soon as one character of it is changed to one that is no lower-case hex', () => {
    const position = fc.integer({ min: 7, max: emptySha256.length - 1 });
    const other = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 1 })
      .filter((c) => !/^[0-9a-f]$/.test(c));
    fc.assert(
      fc.property(position, other, (at, character) => {
        const text = emptySha256.slice(0, at) + character + emptySha256.slice(at + 1);
        expect(parseDigest(text)).toBeUndefined();
      }),
    );
  });
});

test('an algorithm is known only when it is computed here and written in lower case', () => {
  expect(isDigestAlgorithm('sha256')).toBe(true);
  expect(isDigestAlgorithm('sha512')).toBe(true);
  for (const text of ['SHA256', 'sha1', '', 'toString', '__proto__'])
    expect(isDigestAlgorithm(text)).toBe(false);
});

describe('explainDigest', () => {
  test.each([
    ['latest', 'no "algorithm:"'],
    ['md5:d41d8cd98f00b204e9800998ecf8427e', 'use sha256 or sha512'],
    ['SHA256:00', 'use sha256 or sha512'],
    [emptySha256.replace('e3b0', 'E3B0'), 'lower case'],
    [emptySha256.slice(0, -1), '64 characters of hex, not 63'],
    [emptySha256.replace('sha256', 'sha512'), '128 characters of hex, not 64'],
    [emptySha256.replace('e3b0', 'zzzz'), 'no hex digits'],
    [emptySha256, 'well formed'],
  ])('%s: %s', (text, expected) => {
    expect(explainDigest(text)).toContain(expected);
  });

  test('never quotes more than a few characters of what was sent, nor control characters', () => {
    const text = explainDigest(`${'x'.repeat(10_000)}\r\n`);
    expect(text.length).toBeLessThan(150);
    expect(explainDigest('a\r\nb')).not.toMatch(/[\r\n]/);
  });
});
