import type { ParsedManifest } from '@cerulean/oci/manifest.ts';
import { expect, test } from 'vitest';
import { createParsedManifests } from './parsed-manifests.ts';

function counting() {
  const manifests = createParsedManifests(2);
  const seen = { parses: 0 };
  const get = (digest: string, contentType: string | undefined, sizeBytes = 100) =>
    manifests.get({ digest, contentType, sizeBytes }, () => {
      seen.parses += 1;
      return { mediaType: contentType } as ParsedManifest;
    });
  return { seen, get };
}

test('a manifest is parsed once for each content type that it comes with', () => {
  const { seen, get } = counting();
  expect(get('sha256:a', 'x')).toBe(get('sha256:a', 'x'));
  expect(get('sha256:a', 'y')).toEqual({ mediaType: 'y' });
  expect(seen.parses).toBe(2);
});

test('what can not be parsed is refused each time', () => {
  const manifests = createParsedManifests(2);
  const refuse = () =>
    manifests.get({ digest: 'sha256:a', contentType: 'x', sizeBytes: 1 }, () => {
      throw new Error('no manifest');
    });
  expect(refuse).toThrow('no manifest');
  expect(refuse).toThrow('no manifest');
});

test('large manifests are not kept, and of small ones only the last', () => {
  const { seen, get } = counting();
  for (const digest of ['a', 'a']) get(digest, 'x', 1_000_000);
  expect(seen.parses).toBe(2);
  for (const digest of ['b', 'c', 'd', 'b']) get(digest, 'x');
  expect(seen.parses).toBe(6);
});
