import { expect, test } from 'vitest';
import { replaceMarked } from './write-into-document.ts';

test('a table replaces the one between its marks and nothing else', () => {
  const page = 'a\n<!-- bench -->\n\nold\n\n<!-- end of bench -->\nb';
  expect(replaceMarked(page, 'bench', '| new |\n')).toBe(
    'a\n<!-- bench -->\n\n| new |\n\n<!-- end of bench -->\nb',
  );
});

test('a page without the marks is refused', () => {
  expect(() => replaceMarked('a', 'bench', 'x')).toThrow('no place');
});
