import { expect, test } from 'vitest';
import { parseMediaType } from './media-type.ts';

test.each([
  ['application/json', 'application/json'],
  ['Application/JSON; charset=utf-8', 'application/json'],
  ['  application/vnd.oci.image.manifest.v1+json ;x="a,b"', 'application/vnd.oci.image.manifest.v1+json'],
  ['text/plain;', 'text/plain'],
])('%j is %s', (header, essence) => {
  expect(parseMediaType(header)).toBe(essence);
});

test.each([
  undefined,
  '',
  ';',
  'application',
  'application/',
  '/json',
  'a/b/c',
  'a/b, c/d',
  'a b/c',
  'a/b\n'.repeat(2),
])('%j is no media type', (header) => {
  expect(parseMediaType(header)).toBeUndefined();
});
