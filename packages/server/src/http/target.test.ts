import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalPath } from './canonical-path.ts';
import { parseUrl, type Target } from './target.ts';

const part = fc.stringMatching(/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/).filter((text) => text.length <= 60);
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

test.each([
  ['/v2', { kind: 'base' }],
  ['/v2/', { kind: 'base' }],
  ['/v2/_catalog?n=1', { kind: 'catalog' }],
  ['/v2/a/b/manifests/v1', { kind: 'manifest', name: 'a/b', reference: 'v1' }],
  ['/v2/a%2Fb/manifests/sha256%3Aab', { kind: 'manifest', name: 'a/b', reference: 'sha256:ab' }],
  ['/v2/a/b%2fc/tags/list', { kind: 'tags', name: 'a/b/c' }],
  ['/v2/a/blobs/sha256:ab', { kind: 'blob', name: 'a', digest: 'sha256:ab' }],
  ['/v2/a/blobs/uploads', { kind: 'uploads', name: 'a' }],
  ['/v2/a/blobs/uploads/', { kind: 'uploads', name: 'a' }],
  ['/v2/a/blobs/uploads/tok', { kind: 'upload', name: 'a', token: 'tok' }],
  ['/v2/manifests/manifests/manifests', { kind: 'manifest', name: 'manifests', reference: 'manifests' }],
  ['/v2/a/blobs/uploads/blobs/uploads/', { kind: 'uploads', name: 'a/blobs/uploads' }],
  ['/v2/a/referrers/sha256:ab?artifactType=x', { kind: 'referrers', name: 'a', digest: 'sha256:ab' }],
  ['/v2/a/tags/list/', { kind: 'unknown' }],
  ['/v2/a', { kind: 'unknown' }],
  ['/acr/v1/_catalog?n=1', { kind: 'acrCatalog' }],
  ['/acr/v1/a/b', { kind: 'acrRepository', name: 'a/b' }],
  ['/acr/v1/a%2Fb', { kind: 'acrRepository', name: 'a/b' }],
  ['/acr/v1/tags/list', { kind: 'acrRepository', name: 'tags/list' }],
  ['/acr/v1/a/b/_tags', { kind: 'acrTags', name: 'a/b' }],
  ['/acr/v1/a%2Fb/_tags/v1', { kind: 'acrTag', name: 'a/b', tag: 'v1' }],
  ['/acr/v1/a/_manifests?orderby=timedesc', { kind: 'acrManifests', name: 'a' }],
  ['/acr/v1/a/b/_manifests/sha256%3Aab', { kind: 'acrManifest', name: 'a/b', digest: 'sha256:ab' }],
  ['/acr/v1/_deleted/_catalog', { kind: 'acrDeleted' }],
  ['/acr/v1/_deleted/a/b/_manifests', { kind: 'acrDeleted' }],
  ['/acr/v1/a/_streaming', { kind: 'unknown' }],
  ['/acr/v1/', { kind: 'unknown' }],
  ['/acr/v2/a', { kind: 'elsewhere' }],
  ['/v3/a/manifests/v1', { kind: 'elsewhere' }],
  ['/oauth2/token', { kind: 'elsewhere' }],
] as const)('%s names what it should', (url, target) => {
  expect(parseUrl(url, 'host').target).toEqual(target);
});

test('a target in absolute form must name the host that the Host header names', () => {
  expect(parseUrl('http://Reg.Example:5000/v2/?a=b', 'reg.example:5000').target).toEqual({ kind: 'base' });
  for (const url of [
    'http://other/v2/',
    '*',
    'reg.example:5000',
    'ftp://reg.example:5000/v2/',
    'http://reg.example:5000',
  ]) {
    expect(() => parseUrl(url, 'reg.example:5000')).toThrow('must be a path');
  }
});

test('however a name is encoded, once, it is the same target, and the router sees one form of it', () => {
  fc.assert(
    fc.property(
      name,
      fc.constantFrom('manifests/v1', 'blobs/sha256:ab', 'tags/list', 'blobs/uploads/t'),
      (text, rest) => {
        const plain = parseUrl(`/v2/${text}/${rest}`, 'host');
        const encoded = parseUrl(`/v2/${encodeURIComponent(text)}/${rest}`, 'host');
        expect(encoded.target).toEqual(plain.target);
        expect((plain.target as { name: string }).name).toBe(text);
        expect(canonicalPath(encoded)).toBe(canonicalPath(plain));
        expect(canonicalPath(plain).split('/').length).toBeLessThanOrEqual(6);
      },
    ),
  );
});

test('whatever is sent, a name that comes out is a name, and nothing is decoded twice', () => {
  const junk = fc.stringMatching(/^[a-z%/.\\0-9A-F]{0,40}$/);
  fc.assert(
    fc.property(junk, (text) => {
      let target: Target;
      try {
        ({ target } = parseUrl(`/v2/${text}/manifests/v1`, 'host'));
      } catch (error) {
        expect((error as { code: string }).code).toBe('name_invalid');
        return;
      }
      expect(target.kind).toBe('manifest');
      const { name: found } = target as Extract<Target, { kind: 'manifest' }>;
      expect(found).toMatch(
        /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
      );
      expect(decodeURIComponent(text)).toBe(found);
    }),
  );
});
