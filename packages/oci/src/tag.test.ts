import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTag } from './tag.ts';

const first = fc.constantFrom(...'azAZ09_');
const rest = fc.string({ unit: fc.constantFrom(...'azAZ09_.-'), maxLength: 127 });

describe('parseTag', () => {
  test.each(['latest', 'v1.2.3', '_', '0', 'A-b_c.d', 'a..', 'sha256-e3b0.sig', 't'.repeat(128)])(
    'accepts %s',
    (tag) => {
      expect(parseTag(tag)).toBe(tag);
    },
  );

  test.each(['', '.a', '-a', 'a b', 'a/b', 'a:b', 'a+b', 'a\n', 'a\0', 'ä', '..', 't'.repeat(129)])(
    'refuses %j',
    (tag) => {
      expect(parseTag(tag)).toBeUndefined();
    },
  );

  test('accepts every tag that is built by the grammar', () => {
    fc.assert(fc.property(first, rest, (a, b) => parseTag(a + b) === a + b));
  });

  test('refuses a valid tag into which a foreign character is put anywhere', () => {
    const foreign = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 1 })
      .filter((c) => !/^[\w.-]$/.test(c));
    fc.assert(
      fc.property(first, rest, foreign, fc.nat(), (a, b, character, seed) => {
        const tag = a + b;
        const at = seed % (tag.length + 1);
        expect(parseTag(tag.slice(0, at) + character + tag.slice(at))).toBeUndefined();
      }),
    );
  });
});
