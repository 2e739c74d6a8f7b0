import { describe, expect, test } from 'vitest';
import { parseDescriptor } from './descriptor.ts';
import { ManifestError } from './manifest-error.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const plain = { mediaType: 'application/octet-stream', digest, size: 42 };

describe('parseDescriptor', () => {
  test('the three required members are enough', () => {
    expect(parseDescriptor(plain, 'config')).toEqual({
      mediaType: 'application/octet-stream',
      digest,
      sizeBytes: 42,
    });
  });

  test('all members are read, null counts as absent, and unknown ones are let through', () => {
    const urls = ['https://example.com/layer'];
    const platform = {
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
      'os.version': '1',
      'os.features': ['x'],
    };
    const value = {
      ...plain,
      artifactType: 'a/b',
      annotations: { k: 'v' },
      urls,
      platform,
      data: 'e30=',
      other: 1,
    };
    expect(parseDescriptor(value, 'layers[0]')).toEqual({
      mediaType: 'application/octet-stream',
      digest,
      sizeBytes: 42,
      artifactType: 'a/b',
      annotations: { k: 'v' },
      urls,
      platform: { architecture: 'arm64', os: 'linux', variant: 'v8', osVersion: '1' },
    });
    const empty = { ...plain, artifactType: null, annotations: null, urls: null, platform: null };
    expect(parseDescriptor(empty, 'layers[0]')).toEqual(parseDescriptor(plain, 'layers[0]'));
  });

  test('a sha512 digest, size 0, minus zero and the largest exact size are accepted', () => {
    expect(parseDescriptor({ ...plain, digest: `sha512:${'0'.repeat(128)}` }, 'config').digest).toContain(
      'sha512:',
    );
    for (const [size, expected] of [
      [0, 0],
      [-0, 0],
      [2 ** 53 - 1, 2 ** 53 - 1],
    ]) {
      expect(parseDescriptor({ ...plain, size }, 'config').sizeBytes).toBe(expected);
    }
  });

  test('a platform without architecture or system counts as none', () => {
    for (const platform of [{}, { os: 'linux' }, { architecture: '', os: '' }]) {
      expect(parseDescriptor({ ...plain, platform }, 'manifests[0]').platform).toBeUndefined();
    }
  });

  test('an annotation named __proto__ is an annotation', () => {
    const value: unknown = JSON.parse(
      `{"mediaType":"a/b","digest":"${digest}","size":1,"annotations":{"__proto__":"x"}}`,
    );
    const { annotations } = parseDescriptor(value, 'config');
    expect(Object.entries(annotations ?? {})).toEqual([['__proto__', 'x']]);
  });

  test.each<[unknown, string, RegExp]>([
    [null, 'layers[3]', /object/],
    [[], 'layers[3]', /object/],
    ['sha256:', 'layers[3]', /object/],
    [{ ...plain, mediaType: undefined }, 'layers[3].mediaType', /missing/],
    [{ ...plain, mediaType: '' }, 'layers[3].mediaType', /missing/],
    [{ ...plain, mediaType: 1 }, 'layers[3].mediaType', /string/],
    [{ ...plain, mediaType: 'a/b\r\nX: y' }, 'layers[3].mediaType', /control/],
    [{ ...plain, digest: undefined }, 'layers[3].digest', /missing/],
    [{ ...plain, digest: 7 }, 'layers[3].digest', /string/],
    [{ ...plain, digest: digest.toUpperCase() }, 'layers[3].digest', /use sha256 or sha512/],
    [{ ...plain, digest: digest.slice(0, -1) }, 'layers[3].digest', /not 63/],
    [{ ...plain, size: undefined }, 'layers[3].size', /missing/],
    [{ ...plain, size: '42' }, 'layers[3].size', /number/],
    [{ ...plain, size: -1 }, 'layers[3].size', /whole number/],
    [{ ...plain, size: 1.5 }, 'layers[3].size', /whole number/],
    [{ ...plain, size: 2 ** 53 }, 'layers[3].size', /whole number/],
    [{ ...plain, size: Number.POSITIVE_INFINITY }, 'layers[3].size', /whole number/],
    [{ ...plain, urls: 'https://example.com' }, 'layers[3].urls', /list/],
    [{ ...plain, urls: [1] }, 'layers[3].urls[0]', /string/],
    [{ ...plain, annotations: [] }, 'layers[3].annotations', /object/],
    [{ ...plain, annotations: { a: 1 } }, 'layers[3].annotations', /"a"/],
    [{ ...plain, annotations: { a: '\0' } }, 'layers[3].annotations', /NUL/],
    [{ ...plain, annotations: { '\ud800': 'x' } }, 'layers[3].annotations', /surrogate/],
    [{ ...plain, artifactType: {} }, 'layers[3].artifactType', /string/],
    [{ ...plain, platform: 'linux/amd64' }, 'layers[3].platform', /object/],
    [{ ...plain, platform: { os: 1 } }, 'layers[3].platform.os', /string/],
    [{ ...plain, Size: 43 }, 'layers[3].Size', /size to some clients/],
    [{ ...plain, 'dige\u017ft': digest }, 'layers[3].dige\u017ft', /digest to some clients/],
  ])('%j is refused', (value, member, message) => {
    expect(() => parseDescriptor(value, 'layers[3]')).toThrow(ManifestError);
    expect(() => parseDescriptor(value, 'layers[3]')).toThrow(expect.objectContaining({ member }));
    expect(() => parseDescriptor(value, 'layers[3]')).toThrow(message);
  });
});
