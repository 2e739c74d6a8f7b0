import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelKeyCharsMax, labelsMax, labelValueCharsMax, parseImageConfig } from './image-config.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (value: unknown) => parseImageConfig(bytesOf(JSON.stringify(value)));

describe('parseImageConfig', () => {
  test('reads what an image says of itself', () => {
    const config = {
      created: '2026-01-31T22:22:56.015925234Z',
      architecture: 'arm64',
      os: 'windows',
      'os.version': '10.0.17763',
      variant: 'v8',
      config: { Env: ['A=b'], Labels: { 'org.opencontainers.image.title': 'app', empty: '' } },
      rootfs: { type: 'layers', diff_ids: [] },
    };
    expect(parse(config)).toEqual({
      architecture: 'arm64',
      os: 'windows',
      osVersion: '10.0.17763',
      variant: 'v8',
      created: '2026-01-31T22:22:56.015925234Z',
      labels: { 'org.opencontainers.image.title': 'app', empty: '' },
    });
  });

  test('an image without labels has none', () => {
    for (const config of [undefined, null, 7, {}, { Labels: null }, { Labels: [] }]) {
      expect(parse({ architecture: 'amd64', os: 'linux', config })).toEqual({
        architecture: 'amd64',
        os: 'linux',
        labels: {},
      });
    }
  });

  test.each([
    '',
    '{',
    '{}',
    '[]',
    'null',
    '"a"',
    '{"name":"chart","version":"1.0.0"}',
    '{"architecture":1}',
    '{"rootfs":[]}',
    '{"os":"a","os":"b"}',
  ])('%s is no image config', (text) => {
    expect(parseImageConfig(bytesOf(text))).toBeUndefined();
  });

  test('bytes that are no UTF-8, and nesting without end, are no image config', () => {
    expect(parseImageConfig(new Uint8Array([0x7b, 0xff, 0x7d]))).toBeUndefined();
    expect(
      parseImageConfig(bytesOf(`{"os":"linux","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)),
    ).toBeUndefined();
  });

  test('what cannot be used is left out and the rest is kept', () => {
    const config = {
      os: 'linux',
      architecture: 7,
      variant: '',
      created: 'yesterday',
      'os.version': 'x'.repeat(256),
    };
    expect(parse(config)).toEqual({ os: 'linux', labels: {} });
    expect(parse({ os: 'a\0', rootfs: {} })).toEqual({ labels: {} });
  });

  test('labels that are no strings, or too long, are left out; of too many the first are kept', () => {
    const odd = {
      a: 1,
      b: null,
      c: 'ok',
      ['k'.repeat(labelKeyCharsMax + 1)]: 'x',
      d: 'v'.repeat(labelValueCharsMax + 1),
      e: '\0',
    };
    expect(parse({ os: 'linux', config: { Labels: odd } })?.labels).toEqual({ c: 'ok' });
    const many = Object.fromEntries(Array.from({ length: labelsMax + 1 }, (_, at) => [`l${at}`, 'x']));
    const kept = Object.keys(parse({ os: 'linux', config: { Labels: many } })?.labels ?? {});
    expect(kept).toHaveLength(256);
    expect(kept.at(-1)).toBe('l255');
  });

  test('a label named __proto__ is a label', () => {
    const labels =
      parseImageConfig(bytesOf('{"os":"linux","config":{"Labels":{"__proto__":"x"}}}'))?.labels ?? {};
    expect(Object.entries(labels)).toEqual([['__proto__', 'x']]);
  });

  test('any bytes and any JSON are read without a throw', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseImageConfig(bytes)));
    const member = fc.constantFrom('architecture', 'os', 'variant', 'created', 'config', 'Labels', 'rootfs');
    const object = fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue())));
    fc.assert(fc.property(object, (value) => void parse(value)));
  });
});
