import { describe, expect, test } from 'vitest';
import { parseManifestDocument } from './manifest-document.ts';
import { ManifestError } from './manifest-error.ts';

const limits = { bytesMax: 1_000, depthMax: 4 };
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('parseManifestDocument', () => {
  test('gives the members of an object, white space around it or not', () => {
    expect(parseManifestDocument(bytesOf(' {"a":[1]}\n'), limits)).toEqual({ a: [1] });
  });

  test.each<[string, Uint8Array, string, RegExp]>([
    ['nothing', bytesOf(''), 'manifest_invalid', /empty/],
    ['a byte order mark', bytesOf('\ufeff{}'), 'manifest_invalid', /byte order mark/],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), 'manifest_invalid', /UTF-8/],
    ['Latin-1', new Uint8Array([...bytesOf('{"a":"'), 0xe4, ...bytesOf('"}')]), 'manifest_invalid', /UTF-8/],
    [
      'an overlong slash',
      new Uint8Array([...bytesOf('{"a":"'), 0xc0, 0xaf, ...bytesOf('"}')]),
      'manifest_invalid',
      /UTF-8/,
    ],
    ['trailing data', bytesOf('{}{}'), 'manifest_invalid', /not JSON/],
    ['a trailing NUL', bytesOf('{}\0'), 'manifest_invalid', /not JSON/],
    ['a trailing comma', bytesOf('{"a":1,}'), 'manifest_invalid', /not JSON/],
    ['a comment', bytesOf('{}//'), 'manifest_invalid', /not JSON/],
    ['NaN', bytesOf('{"size":NaN}'), 'manifest_invalid', /not JSON/],
    ['an open object', bytesOf('{"a":'), 'manifest_invalid', /not JSON/],
    ['a list', bytesOf('[]'), 'manifest_invalid', /no JSON object/],
    ['null', bytesOf('null'), 'manifest_invalid', /no JSON object/],
    ['a key twice', bytesOf('{"layers":[],"layers":[]}'), 'manifest_invalid', /"layers" twice/],
    [
      'a key twice below',
      bytesOf('{"config":{"size":1,"size":2}}'),
      'manifest_invalid',
      /"size" twice.*level 2/,
    ],
    ['five levels', bytesOf('{"a":[[[[]]]]}'), 'manifest_too_deep', /deeper than 4/],
    [
      'one byte too many',
      bytesOf(`{"a":"${'x'.repeat(993)}"}`),
      'manifest_too_large',
      /1001 bytes; at most 1000/,
    ],
  ])('%s is refused', (_what, bytes, code, message) => {
    const refusal = refusalOf(() => parseManifestDocument(bytes, limits));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toMatch(message);
  });

  test('exactly the limits pass', () => {
    expect(parseManifestDocument(bytesOf(`{"a":"${'x'.repeat(992)}"}`), limits)).toHaveProperty('a');
    expect(parseManifestDocument(bytesOf('{"a":[[[]]]}'), limits)).toEqual({ a: [[[]]] });
  });
});

function refusalOf(act: () => unknown): ManifestError {
  try {
    act();
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}
