import { expect, test } from 'vitest';
import { quoteText } from './quote-text.ts';

test('text is quoted, escaped and cut', () => {
  expect(quoteText('latest')).toBe('"latest"');
  expect(quoteText('a"\r\nb')).toBe('"a\\"\\r\\nb"');
  expect(quoteText('abcdef', 3)).toBe('"abc…"');
  expect(quoteText('abc', 3)).toBe('"abc"');
  expect(quoteText('x'.repeat(1_000))).toHaveLength(83);
});
