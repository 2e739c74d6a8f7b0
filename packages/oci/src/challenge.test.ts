import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBearerChallenge, parseChallenge } from './challenge.ts';

const realm = 'https://myreg.azurecr.localhost/oauth2/token';
const service = 'myreg.azurecr.localhost';

describe('formatBearerChallenge', () => {
  test('without a scope, as ACR answers /v2/', () => {
    expect(formatBearerChallenge({ realm, service })).toBe(
      'Bearer realm="https://myreg.azurecr.localhost/oauth2/token",service="myreg.azurecr.localhost"',
    );
  });

  test('with scope and error, in that order and with no space but the one after Bearer', () => {
    const header = formatBearerChallenge({
      realm,
      service,
      scope: 'repository:a/b:pull,push',
      error: 'insufficient_scope',
    });
    expect(header).toBe(
      'Bearer realm="https://myreg.azurecr.localhost/oauth2/token",service="myreg.azurecr.localhost",scope="repository:a/b:pull,push",error="insufficient_scope"',
    );
    expect(header.split(' ')).toHaveLength(2);
  });

  test('text that would break the header throws', () => {
    for (const scope of ['a\r\nX: y', 'a\0', 'ä']) {
      expect(() => formatBearerChallenge({ realm, service, scope })).toThrow(TypeError);
    }
  });

  test('what is written is read back', () => {
    const text = fc.string({ unit: fc.constantFrom(...'abZ09:/.,= "\\-_?&*') });
    fc.assert(
      fc.property(text, text, text, (r, s, c) => {
        expect(parseChallenge(formatBearerChallenge({ realm: r, service: s, scope: c }))).toEqual({
          scheme: 'bearer',
          params: { realm: r, service: s, scope: c },
        });
      }),
    );
  });
});

describe('parseChallenge', () => {
  test.each([
    ['Bearer realm="a", service=b ,scope="c"', 'bearer', { realm: 'a', service: 'b', scope: 'c' }],
    ['BASIC Realm="x"', 'basic', { realm: 'x' }],
    ['Negotiate', 'negotiate', {}],
    ['Bearer realm="a\\"b"', 'bearer', { realm: 'a"b' }],
    ['Bearer realm="a", Basic realm="b"', 'bearer', { realm: 'a' }],
    ['Bearer realm = "a"', 'bearer', { realm: 'a' }],
  ])('%s', (header, scheme, params) => {
    expect(parseChallenge(header)).toEqual({ scheme, params });
  });

  test.each([
    '',
    ' ',
    '"a"',
    'Bearer realm="a',
    'Bearer realm="a" service="b"',
    'Bearer realm="a",realm="b"',
    'Bearer ="a"',
  ])('%j is refused', (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  });

  test('any text at all is read without a throw', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'Bearer a="\\,') }),
    );
    fc.assert(fc.property(text, (header) => void parseChallenge(header)));
  });
});
