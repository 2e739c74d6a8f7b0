import { describe, expect, test } from 'vitest';
import { type Descriptor, parseDescriptor } from './descriptor.ts';
import { referencesOf } from './manifest-reference.ts';

const descriptor = (mediaType: string, digit: string, size = 10): Descriptor =>
  parseDescriptor({ mediaType, digest: `sha256:${digit.repeat(64)}`, size }, 'layers[0]');
const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
const none = { config: undefined, layers: [], manifests: [] };

describe('referencesOf', () => {
  test.each([
    ['application/vnd.oci.image.layer.v1.tar+gzip', true],
    ['application/vnd.docker.image.rootfs.diff.tar.gzip', true],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar', false],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', false],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', false],
    [foreign, false],
    ['application/octet-stream', true],
  ])('a layer of type %s is required: %s', (mediaType, required) => {
    expect(referencesOf({ ...none, layers: [descriptor(mediaType, '1')] })).toMatchObject([
      { kind: 'layer', required },
    ]);
  });

  test('only a layer can be optional', () => {
    const config = descriptor(foreign, '1');
    const manifests = [descriptor(foreign, '2')];
    expect(referencesOf({ config, layers: [], manifests }).map((one) => one.required)).toEqual([true, true]);
  });

  test('a digest comes once, in its first role, and is required when any occurrence is', () => {
    const empty = descriptor('application/vnd.oci.empty.v1+json', '1', 2);
    expect(referencesOf({ ...none, config: empty, layers: [empty, empty] })).toMatchObject([
      { kind: 'config' },
    ]);
    const layers = [
      descriptor(foreign, '1'),
      descriptor('application/octet-stream', '1'),
      descriptor(foreign, '1'),
    ];
    expect(referencesOf({ ...none, layers })).toMatchObject([{ mediaType: foreign, required: true }]);
  });

  test('one digest with two sizes is refused', () => {
    const layers = [descriptor('a/b', '1', 10), descriptor('a/b', '2', 10), descriptor('a/b', '1', 11)];
    expect(() => referencesOf({ ...none, layers })).toThrow(
      expect.objectContaining({ member: 'layers[2].size' }),
    );
  });
});
