import { expect, test } from 'vitest';
import {
  foldedNames,
  refuseLookAlikes,
  stringListMember,
  stringMapMember,
  textMember,
} from './manifest-member.ts';

test('a member that is absent or null is undefined to every reader', () => {
  for (const object of [{}, { a: null }]) {
    expect(textMember(object, 'a', 'a')).toBeUndefined();
    expect(stringMapMember(object, 'a', 'a')).toBeUndefined();
    expect(stringListMember(object, 'a', 'a')).toBeUndefined();
  }
});

test('text that no header could carry is refused', () => {
  expect(textMember({ a: 'größe' }, 'a', 'a')).toBe('größe');
  for (const a of ['x\r\ny', '\0', '\x7f', '\x85', '\ud800'])
    expect(() => textMember({ a }, 'a', 'a')).toThrow('Member a');
});

test('text of 255 characters is taken, of 256 refused', () => {
  expect(textMember({ a: 'x'.repeat(255) }, 'a', 'a')).toHaveLength(255);
  expect(() => textMember({ a: 'x'.repeat(256) }, 'a', 'a')).toThrow('longer than 255');
});

test('a map keeps line ends and refuses what a database would', () => {
  expect(stringMapMember({ a: { k: 'x\ny' } }, 'a', 'a')).toEqual({ k: 'x\ny' });
  expect(() => stringMapMember({ a: { k: '\0' } }, 'a', 'a')).toThrow('NUL');
});

test('names are told apart from their look-alikes as Go would confuse them', () => {
  const known = foldedNames(['layers', 'mediaType', 'Kelvin']);
  expect(() => refuseLookAlikes({ layers: 1, mediaType: 2, layer: 3, other: 4 }, known, '')).not.toThrow();
  for (const name of ['Layers', 'LAYERS', 'layer\u017f', 'mediatype', '\u212aelvin']) {
    expect(() => refuseLookAlikes({ [name]: 1 }, known, 'x.')).toThrow(
      expect.objectContaining({ member: `x.${name}` }),
    );
  }
});
