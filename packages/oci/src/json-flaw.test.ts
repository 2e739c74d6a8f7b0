import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonFlaw } from './json-flaw.ts';

describe('findJsonFlaw', () => {
  test.each([
    ['{"a":1,"a":2}', 'a', 1],
    ['{"a":{"b":1,"c":[],"b":2}}', 'b', 2],
    ['[{"x":1},{"y":{},"y":{}}]', 'y', 2],
    ['{"a":1,"\\u0061":2}', 'a', 1],
    ['{"a":[1,{"b":2},3],"a":0}', 'a', 1],
    ['{"":1,"":2}', '', 1],
    ['{"__proto__":1,"__proto__":2}', '__proto__', 1],
    ['{"a\\"":1,"a\\"":2}', 'a"', 1],
    ['{"\\\\":1,"\\\\":2}', '\\', 1],
  ])('%s has a key twice', (text, key, depth) => {
    expect(findJsonFlaw(text, 8)).toEqual({ kind: 'duplicate_key', key, depth });
  });

  test.each([
    '{}',
    '[]',
    '"a"',
    '1',
    '{"a":"a"}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '["a","a"]',
    '{"a":["a","b"],"b":"a"}',
    '{"a":"\\",\\"a\\":1"}',
    '{"a":1,"A":2}',
    '{"a" : "b" , "b" : "a"}',
  ])('%s is sound', (text) => {
    expect(findJsonFlaw(text, 8)).toBeUndefined();
  });

  test('depth is counted from the outermost value, in objects and in arrays', () => {
    expect(findJsonFlaw('[[[]]]', 3)).toBeUndefined();
    expect(findJsonFlaw('[[[]]]', 2)).toEqual({ kind: 'too_deep', depth: 3 });
    expect(findJsonFlaw('{"a":{"b":[]}}', 2)).toEqual({ kind: 'too_deep', depth: 3 });
    expect(findJsonFlaw('[[],[],[],[]]', 2)).toBeUndefined();
    expect(findJsonFlaw('["[[[[[[", "{{{{"]', 1)).toBeUndefined();
  });

  test('millions of brackets end at the limit', () => {
    expect(findJsonFlaw('['.repeat(4_000_000), 32)).toEqual({ kind: 'too_deep', depth: 33 });
    expect(findJsonFlaw('{"a":'.repeat(1_000_000), 32)).toEqual({ kind: 'too_deep', depth: 33 });
  });

  test('no flaw is found in what JSON.stringify writes, and a repeated first key is found in any object', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), {
      minKeys: 1,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, (value) => {
        const text = JSON.stringify(value);
        expect(findJsonFlaw(text, 1_000)).toBeUndefined();
        const key = JSON.stringify(Object.keys(value)[0]);
        expect(findJsonFlaw(`${text.slice(0, -1)},${key}:0}`, 1_000)?.kind).toBe('duplicate_key');
      }),
    );
  });

  test('text that is no JSON is scanned without a throw', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'{}[],:"\\ua1') }),
    );
    fc.assert(fc.property(text, (value) => void findJsonFlaw(value, 4)));
  });
});
