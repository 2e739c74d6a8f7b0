import { expect, test } from 'vitest';
import { manifestKind } from './media-types.ts';

test.each([
  ['application/vnd.oci.image.manifest.v1+json', 'image'],
  ['application/vnd.docker.distribution.manifest.v2+json', 'image'],
  ['application/vnd.oci.image.index.v1+json', 'index'],
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
  ['application/vnd.oci.artifact.manifest.v1+json', 'artifact'],
  ['application/vnd.cncf.oras.artifact.manifest.v1+json', 'artifact'],
  ['application/vnd.docker.distribution.manifest.v1+json', 'schema1'],
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'schema1'],
])('%s is of kind %s', (mediaType, kind) => {
  expect(manifestKind(mediaType)).toBe(kind);
});

test.each(['application/json', 'application/vnd.oci.image.config.v1+json', '', 'constructor'])(
  '%s is no manifest',
  (mediaType) => {
    expect(manifestKind(mediaType)).toBeUndefined();
  },
);
