import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextLink, parseLink } from './link-header.ts';

test('the next page is named as registries name it', () => {
  expect(nextLink('/v2/_catalog?last=x&n=2&orderby=')).toBe('</v2/_catalog?last=x&n=2&orderby=>; rel="next"');
});

test('no text can end the target early or start a new header line', () => {
  expect(nextLink('/v2/_catalog?last=a>; rel="prev"\r\nX: y')).toBe(
    '</v2/_catalog?last=a%3E;%20rel=%22prev%22%0D%0AX:%20y>; rel="next"',
  );
});

test('every path and query that is made of legal characters comes back', () => {
  const unit = fc.constantFrom(..."abzAZ09-._~!$&'()*+,;=:@/?%");
  fc.assert(
    fc.property(fc.string({ unit }), (rest) => {
      expect(parseLink(nextLink(`/v2/${rest}`))).toBe(`/v2/${rest}`);
    }),
  );
});

test('a value of any text comes back once encoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (last) => {
      const target = parseLink(nextLink(`/v2/_catalog?last=${encodeURIComponent(last)}`));
      expect(new URL(target ?? '', 'http://localhost').searchParams.get('last')).toBe(last);
    }),
  );
});

describe('parseLink', () => {
  test.each([
    ['</a>; rel="next"', '/a'],
    ['</a>;rel=next', '/a'],
    ['</a>; REL="Next"', '/a'],
    ['</a,b;c>; rel="prev next"', '/a,b;c'],
    ['</a>; rel="prev", </b>; title="x, \\"</c>; rel=next\\""; rel="next"', '/b'],
    [', ,</a>; rel=next', '/a'],
    ['</a>; anchor; rel=next', '/a'],
    ['<>; rel=next', ''],
  ])('%s leads to %j', (header, target) => {
    expect(parseLink(header)).toBe(target);
  });

  test.each([
    undefined,
    '',
    '/a; rel=next',
    '</a',
    '</a>',
    '</a>; rel="prev"',
    '</a>; rel="nextpage"',
    '</a>; rel=prev; rel=next',
    '</a>; title="rel=next"',
    '</a> </b>; rel=next',
  ])('%j leads nowhere', (header) => {
    expect(parseLink(header)).toBeUndefined();
  });

  test('any text at all is read without a throw', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'<>;,="\\ rel/next') }),
    );
    fc.assert(fc.property(text, (header) => void parseLink(header)));
  });
});
