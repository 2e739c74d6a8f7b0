import { expect, test } from 'vitest';
import { ownBytes } from './own-bytes.ts';

const slab = new Uint8Array(64).fill(7);

test('a view gets a buffer of its own, however deep it lies, and nothing else changes', () => {
  const view = slab.subarray(3, 6);
  const value = { name: 'x', list: [1, { box: view }, null], other: null, none: undefined };
  const own = ownBytes(value) as typeof value;
  expect(own).toEqual(value);
  const { box } = own.list[1] as { box: Uint8Array };
  expect([...box]).toEqual([7, 7, 7]);
  expect(box.buffer.byteLength).toBe(3);
  expect((value.list[1] as { box: Uint8Array }).box).toBe(view);
});

test('what needs no copy is not copied', () => {
  const value = { list: [1, 'a', { box: slab }], text: 'x' };
  expect(ownBytes(value)).toBe(value);
});
