import { describe, expect, test } from 'vitest';
import { ManifestError } from './manifest-error.ts';
import { resolveMediaType } from './manifest-media-type.ts';
import { mediaTypes } from './media-types.ts';

const {
  ociManifest,
  ociIndex,
  ociArtifactManifest,
  dockerManifest,
  dockerList,
  dockerSchema1,
  dockerSchema1Signed,
} = mediaTypes;

describe('resolveMediaType', () => {
  test.each([
    ['both agree', ociManifest, ociManifest, ociManifest],
    ['parameters are ignored', ociManifest, `${ociManifest}; charset=utf-8`, ociManifest],
    ['case of the header is ignored', ociIndex, ociIndex.toUpperCase(), ociIndex],
    ['an OCI manifest needs no member', undefined, ociManifest, ociManifest],
    ['an OCI index needs no member', undefined, ociIndex, ociIndex],
    ['an artifact manifest needs no member', undefined, ociArtifactManifest, ociArtifactManifest],
    ['an empty member counts as absent', '', ociManifest, ociManifest],
    ['no header: the member decides', dockerManifest, undefined, dockerManifest],
    ['an empty header: the member decides', dockerList, ' ', dockerList],
  ])('%s', (_what, member, header, expected) => {
    const document = { schemaVersion: 2, ...(member !== undefined && { mediaType: member }) };
    expect(resolveMediaType(document, header).mediaType).toBe(expected);
  });

  test.each([
    ['header against member', ociManifest, ociIndex, 'media_type_mismatch'],
    ['the same the other way', ociIndex, ociManifest, 'media_type_mismatch'],
    ['OCI against Docker', ociManifest, dockerManifest, 'media_type_mismatch'],
    ['a member in capitals', ociManifest.toUpperCase(), ociManifest, 'media_type_mismatch'],
    ['a member with parameters', `${ociManifest}; a=b`, ociManifest, 'media_type_mismatch'],
    ['a general header', ociManifest, 'application/json', 'media_type_mismatch'],
    ['two headers in one', ociManifest, `${ociManifest}, ${ociManifest}`, 'media_type_mismatch'],
    ['a general header alone', undefined, 'application/json', 'media_type_unsupported'],
    ['a header that is no media type', undefined, 'x', 'media_type_unsupported'],
    ['nothing at all', undefined, undefined, 'media_type_unsupported'],
    ['a member of another kind of content', mediaTypes.ociConfig, undefined, 'media_type_unsupported'],
    ['Docker without its member', undefined, dockerManifest, 'manifest_invalid'],
    ['a Docker list without its member', undefined, dockerList, 'manifest_invalid'],
    ['schema 1 by header', undefined, dockerSchema1, 'schema1_unsupported'],
    ['signed schema 1 by header', undefined, dockerSchema1Signed, 'schema1_unsupported'],
    ['schema 1 by member', dockerSchema1, ociManifest, 'schema1_unsupported'],
  ])('refuses %s', (_what, member, header, code) => {
    const document = { schemaVersion: 2, ...(member !== undefined && { mediaType: member }) };
    expect(() => resolveMediaType(document, header)).toThrow(ManifestError);
    expect(() => resolveMediaType(document, header)).toThrow(expect.objectContaining({ code }));
  });

  test('refuses schema 1 by its version, under any header, and says what to do', () => {
    for (const header of [undefined, 'application/json', ociManifest]) {
      const act = () => resolveMediaType({ schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [] }, header);
      expect(act).toThrow(expect.objectContaining({ code: 'schema1_unsupported' }));
      expect(act).toThrow(/schema 1 are not supported.*Docker schema 2/);
    }
  });

  test('quotes little of what was sent', () => {
    try {
      resolveMediaType({ schemaVersion: 2, mediaType: `a/${'x'.repeat(250)}` }, `b/${'y'.repeat(10_000)}`);
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(300);
      return;
    }
    throw new Error('Nothing was refused.');
  });
});
