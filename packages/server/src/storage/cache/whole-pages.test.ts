import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WholePages } from './whole-pages.ts';

const page = 65_536;

/** The numbers of pages passed on, and all their bytes. */
function cut(bytes: Uint8Array, startBytes: number, pieceLengths: readonly number[]) {
  const numbers: number[] = [];
  const taken: Buffer[] = [];
  const pages = new WholePages(startBytes, startBytes + bytes.length, (first, whole) => {
    for (let at = 0; at < whole.length; at += page) numbers.push(first + at / page);
    taken.push(Buffer.from(whole));
  });
  let at = 0;
  for (const length of [...pieceLengths, bytes.length]) {
    pages.feed(bytes.subarray(at, at + length));
    at += length;
  }
  return { numbers, bytes: Buffer.concat(taken) };
}

const content = Buffer.from(
  Uint8Array.from({ length: 4 * page + 10 }, (_, at) => (at * 31 + (at >> 16)) & 255),
);

test('pages come out whole, in order and once, however the pieces end', () => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 3 * page })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(lengths, (pieces) => {
      const { numbers, bytes } = cut(content, 2 * page, pieces);
      expect(numbers).toEqual([2, 3, 4, 5, 6]);
      expect(bytes.equals(content)).toBe(true);
    }),
  );
});

test('a page that did not come to its end is not passed on', () => {
  const taken: number[] = [];
  const pages = new WholePages(0, 3 * page, (first) => taken.push(first));
  pages.feed(content.subarray(0, page + 5));
  pages.feed(content.subarray(page + 5, 2 * page - 1));
  expect(taken).toEqual([0]);
});

test('an empty blob has no page', () => {
  expect(cut(Buffer.alloc(0), 0, [])).toEqual({ numbers: [], bytes: Buffer.alloc(0) });
});
