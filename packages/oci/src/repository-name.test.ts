import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRepositoryName, repositoryNameCharsMax } from './repository-name.ts';

const run = fc.string({ unit: fc.constantFrom(...'abz019'), minLength: 1, maxLength: 5 });
const separator = fc.constantFrom('.', '_', '__', '-', '--', '-----');
const component = fc
  .tuple(run, fc.array(fc.tuple(separator, run), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.map(([a, b]) => a + b).join(''));
const validName = fc
  .array(component, { minLength: 1, maxLength: 4 })
  .map((components) => components.join('/'))
  .filter((name) => name.length <= repositoryNameCharsMax);

describe('parseRepositoryName', () => {
  test.each([
    'a',
    '0',
    'library/ubuntu',
    'a.b_c__d-e----f/0',
    'a/b/c/d/e/f',
    'blobs/uploads',
    'a'.repeat(255),
  ])('accepts %s', (name) => {
    expect(parseRepositoryName(name)).toBe(name);
  });

  test.each([
    '',
    'A',
    'library/Ubuntu',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    'a/./b',
    'a..b',
    'a.',
    '.a',
    '_a',
    'a_',
    'a___b',
    '-a',
    'a-',
    'a._b',
    'a.-b',
    'a\\b',
    'a%2fb',
    'a%2e%2e',
    'a b',
    'a\0',
    'a\n',
    'ä',
    '\u0430',
    'a:b',
    'a@b',
    '_catalog',
    'a/_x',
    'a'.repeat(256),
    `${'a/'.repeat(127)}ab`,
  ])('refuses %j', (name) => {
    expect(parseRepositoryName(name)).toBeUndefined();
  });

  test('accepts every name that is built by the grammar', () => {
    fc.assert(fc.property(validName, (name) => parseRepositoryName(name) === name));
  });

  test('refuses a valid name into which a foreign character is put anywhere', () => {
    const foreign = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 1 })
      .filter((c) => !/^[a-z0-9._/-]$/.test(c));
    fc.assert(
      fc.property(validName, foreign, fc.nat(), (name, character, seed) => {
        const at = seed % (name.length + 1);
        expect(parseRepositoryName(name.slice(0, at) + character + name.slice(at))).toBeUndefined();
      }),
    );
  });

  test('refuses long text that invites backtracking', () => {
    for (const part of ['a', '-', 'a-', 'a_', 'a/']) {
      expect(parseRepositoryName(`${part.repeat(1_000_000)}!`)).toBeUndefined();
      expect(parseRepositoryName(`a${part.repeat(100)}!`)).toBeUndefined();
    }
  });
});
