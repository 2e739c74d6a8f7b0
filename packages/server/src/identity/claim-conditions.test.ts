import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimTexts, matchesPattern, unmet } from './claim-conditions.ts';

describe('a pattern', () => {
  test.each([
    ['repo:org/app:ref:refs/heads/main', 'repo:org/app:ref:refs/heads/main', true],
    ['repo:org/app:*', 'repo:org/app:ref:refs/heads/main', true],
    ['repo:org/app:*', 'repo:org/app2:ref:refs/heads/main', false],
    ['repo:org/*:ref:*', 'repo:org/app:ref:refs/heads/main', true],
    ['*', '', true],
    ['', 'a', false],
    ['', '', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab', 'ab', false],
    ['*ab*ab', 'xabyab', true],
    ['a.c', 'abc', false],
    ['a*', 'ba', false],
    ['A', 'a', false],
  ])('%s and the value %s: %s', (pattern, value, matches) => {
    expect(matchesPattern(pattern, value)).toBe(matches);
  });

  test('means what an expression with `.*` for each `*` means', () => {
    const text = (...letters: string[]) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 });
    fc.assert(
      fc.property(text('a', 'b', '*'), text('a', 'b'), (pattern, value) => {
        const expression = new RegExp(`^${pattern.replaceAll(/\*+/g, '.*')}$`);
        expect(matchesPattern(pattern, value)).toBe(expression.test(value));
      }),
    );
  });

  test('matches no value that is longer than any issuer makes it', () => {
    expect(matchesPattern('*', 'a'.repeat(1025))).toBe(false);
  });
});

const claims = {
  sub: 'system:serviceaccount:team:default',
  ref_protected: true,
  run: 7,
  groups: ['a', 'b'],
  'https://x.example/y': 'z',
  'kubernetes.io': { namespace: 'team', serviceaccount: { name: 'default', uid: 'u-1' } },
};

describe('a claim', () => {
  test.each([
    ['sub', ['system:serviceaccount:team:default']],
    ['ref_protected', ['true']],
    ['run', ['7']],
    ['groups', ['a', 'b']],
    ['https://x.example/y', ['z']],
    ['kubernetes.io/serviceaccount/name', ['default']],
    ['kubernetes.io', []],
    ['kubernetes.io/pod/name', []],
    ['constructor', []],
    ['groups/length', []],
    ['sub/length', []],
  ])('%s is read as %j', (name, texts) => {
    expect(claimTexts(claims, name)).toEqual(texts);
  });

  test('that does not meet its condition is named with its value; one of a list is enough', () => {
    expect(unmet({ name: 'groups', pattern: 'b' }, claims)).toBeUndefined();
    expect(unmet({ name: 'groups', pattern: 'c' }, claims)).toBe('its groups is «a, b» and not «c»');
    expect(unmet({ name: 'team', pattern: '*' }, claims)).toBe('it has no claim team');
  });
});
