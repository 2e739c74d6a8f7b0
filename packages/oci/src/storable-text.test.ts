import { expect, test } from 'vitest';
import { isStorableText } from './storable-text.ts';

test('ordinary text of any script, line ends too, can be stored', () => {
  for (const text of ['', 'a', 'größe\n\t', '船😀']) expect(isStorableText(text)).toBe(true);
});

test('NUL and halves of surrogate pairs cannot', () => {
  for (const text of ['a\0', '\ud83d', 'x\ude00y']) expect(isStorableText(text)).toBe(false);
});
