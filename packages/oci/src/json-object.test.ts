import { expect, test } from 'vitest';
import { isJsonObject } from './json-object.ts';

test('only an object is an object', () => {
  for (const value of [{}, { a: 1 }]) expect(isJsonObject(value)).toBe(true);
  for (const value of [null, undefined, [], 'a', 1, true]) expect(isJsonObject(value)).toBe(false);
});
