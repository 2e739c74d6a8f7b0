import { expect, test } from 'vitest';
import { createIdSource } from './random-ids.ts';

test('ids have 32 hex digits and none comes twice, over many draws', () => {
  const newId = createIdSource();
  const ids = Array.from({ length: 3000 }, newId);
  expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
});
