import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatScope, parseScopes, ScopeError } from './scope.ts';

const limits = { scopesMax: 16 };

describe('parseScopes', () => {
  test.each([
    ['repository:library/ubuntu:pull,push', 'repository', 'library/ubuntu', ['pull', 'push']],
    ['registry:catalog:*', 'registry', 'catalog', ['*']],
    ['repository:localhost:5000/app:pull', 'repository', 'localhost:5000/app', ['pull']],
    ['repository(plugin):a/b:pull', 'repository', 'a/b', ['pull']],
    ['repository:a:pull,,push,', 'repository', 'a', ['pull', 'push']],
    ['repository:a:pull,pull', 'repository', 'a', ['pull']],
    ['repository:a:PULL', 'repository', 'a', ['PULL']],
    ['artifact-repository:repo:pull', 'artifact-repository', 'repo', ['pull']],
    ['Repository:a:pull', 'Repository', 'a', ['pull']],
    ['  repository:a:pull  ', 'repository', 'a', ['pull']],
  ])('%j', (text, type, name, actions) => {
    expect(parseScopes([text], limits)).toEqual([{ type, name, actions }]);
  });

  test('several scopes come in one value, in several values, or both', () => {
    const names = parseScopes(['repository:a:pull repository:b:pull', 'repository:c:pull'], limits).map(
      (s) => s.name,
    );
    expect(names).toEqual(['a', 'b', 'c']);
  });

  test.each([
    '',
    ' ',
    'a',
    'repository',
    'repository:a',
    'repository:a:',
    'repository::pull',
    ':a:pull',
    'repository:a:,,',
    '::',
  ])('%j asks for nothing', (text) => {
    expect(parseScopes([text], limits)).toEqual([]);
  });

  test('one scope more than allowed throws, whether it means something or not', () => {
    const scopes = (count: number) => Array.from({ length: count }, (_, at) => `repository:r${at}:pull`);
    expect(parseScopes(scopes(16), limits)).toHaveLength(16);
    expect(() => parseScopes(scopes(17), limits)).toThrow(ScopeError);
    expect(() => parseScopes([scopes(17).join(' ')], limits)).toThrow(ScopeError);
    expect(() => parseScopes([...scopes(16), 'x'], limits)).toThrow(ScopeError);
  });

  test('a formatted scope is read back', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abz09-_'), minLength: 1 });
    const scope = fc.record({
      type: word,
      name: fc.string({ unit: fc.constantFrom(...'abz09/:.-_'), minLength: 1 }),
      actions: fc.uniqueArray(fc.oneof(word, fc.constant('*')), { minLength: 1, maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 16 }), (scopes) => {
        expect(parseScopes([scopes.map(formatScope).join(' ')], limits)).toEqual(scopes);
        expect(parseScopes(scopes.map(formatScope), limits)).toEqual(scopes);
      }),
    );
  });

  test('any text is read without a throw, and every action returned was sent', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'ab:, *()') }));
    fc.assert(
      fc.property(text, (value) => {
        for (const { type, name, actions } of parseScopes([value], { scopesMax: 1_000 })) {
          expect(type).not.toBe('');
          for (const part of [name, ...actions]) expect(part !== '' && value.includes(part)).toBe(true);
        }
      }),
    );
  });
});
