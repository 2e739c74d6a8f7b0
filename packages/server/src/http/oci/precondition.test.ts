import { describe, expect, test } from 'vitest';
import { matchesEntityTag, parsePrecondition } from './precondition.ts';

describe('conditions of writes', () => {
  test.each([
    [{}, null],
    [{ 'if-none-match': '*' }, { ifMatch: null, ifNoneMatchAny: true }],
    [{ 'if-match': '*' }, { ifMatch: '*', ifNoneMatchAny: false }],
    [{ 'if-match': '"sha256:a"' }, { ifMatch: ['sha256:a'], ifNoneMatchAny: false }],
    [{ 'if-match': ' "a" , "b"' }, { ifMatch: ['a', 'b'], ifNoneMatchAny: false }],
    [
      { 'if-match': '*', 'if-none-match': '*' },
      { ifMatch: '*', ifNoneMatchAny: true },
    ],
  ])('%o are read', (headers, expected) => {
    expect(parsePrecondition(headers)).toEqual(expected);
  });

  test('a weak tag is kept as one that no digest equals', () => {
    expect(parsePrecondition({ 'if-match': 'W/"sha256:a"' })?.ifMatch).toEqual(['W/sha256:a']);
  });

  test.each([
    { 'if-match': 'sha256:a' },
    { 'if-match': '' },
    { 'if-match': '"a",' },
    { 'if-match': '"a" "b"' },
    { 'if-none-match': '"sha256:a"' },
    { 'if-none-match': '' },
  ])('%o are refused rather than ignored', (headers) => {
    expect(() => parsePrecondition(headers)).toThrow(/If-(None-)?Match/);
  });
});

test.each([
  [undefined, false],
  ['*', true],
  ['"sha256:a"', true],
  ['W/"sha256:a"', true],
  ['"b", "sha256:a"', true],
  ['"b"', false],
  ['sha256:a', false],
])('If-None-Match: %s of a read', (header, expected) => {
  expect(matchesEntityTag(header, 'sha256:a')).toBe(expected);
});
