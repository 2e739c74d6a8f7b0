import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ByteRange, formatContentRange, parseContentRange, parseRange } from './range.ts';

const limits = { rangesMax: 8 };

describe('parseRange', () => {
  test.each([
    ['bytes=0-0', [[0, 0]]],
    ['bytes=0-99', [[0, 99]]],
    ['bytes=0-1000', [[0, 99]]],
    ['bytes=50-', [[50, 99]]],
    ['bytes=-10', [[90, 99]]],
    ['bytes=-1000', [[0, 99]]],
    ['Bytes=5-6', [[5, 6]]],
    [
      'bytes=0-1, 4-5 ,\t8-',
      [
        [0, 1],
        [4, 5],
        [8, 99],
      ],
    ],
    ['bytes=,,0-1,,', [[0, 1]]],
    [
      'bytes=90-99,0-9',
      [
        [90, 99],
        [0, 9],
      ],
    ],
    [
      'bytes=0-9,500-,20-29,-0',
      [
        [0, 9],
        [20, 29],
      ],
    ],
    [
      'bytes=0-9,9-19',
      [
        [0, 9],
        [9, 19],
      ],
    ],
    ['bytes=99999999999999999999-,7-99999999999999999999', [[7, 99]]],
    ['42-', [[42, 99]]],
  ])('%j of 100 bytes', (header, expected) => {
    expect(parseRange(header, 100, limits)).toEqual(expected.map(([start, end]) => ({ start, end })));
  });

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=100-,200-300,-0', '100-', 'bytes=50-0'])(
    '%j of 100 bytes cannot be satisfied',
    (header) => {
      expect(parseRange(header, 100, limits)).toBe('unsatisfiable');
    },
  );

  test.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a-b',
    'bytes=1',
    'bytes=1-2-3',
    'bytes=+1-2',
    'bytes=0x1-',
    'bytes=1.5-2',
    'bytes=0-1;2-3',
    'bytes =0-1',
    'items=0-1',
    'bytes=0-1,x',
    '0-1',
    '-5',
    'x-',
    '=0-1',
    'bytes: 0-1',
  ])('%j is ignored', (header) => {
    expect(parseRange(header, 100, limits)).toBe('ignore');
  });

  test('no range of an empty representation can be satisfied', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1', '0-']) {
      expect(parseRange(header, 0, limits)).toBe('unsatisfiable');
    }
    expect(parseRange('bytes=x', 0, limits)).toBe('ignore');
  });

  test('as many ranges as the limit are served, one more makes the header ignored', () => {
    const header = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, at) => `${at * 4}-${at * 4}`).join()}`;
    expect(parseRange(header(8), 100, limits)).toHaveLength(8);
    expect(parseRange(header(9), 100, limits)).toBe('ignore');
  });

  test('three overlapping ranges are merged with their neighbours, two are left as asked', () => {
    expect(parseRange('bytes=10-20,0-10', 100, limits)).toEqual([
      { start: 10, end: 20 },
      { start: 0, end: 10 },
    ]);
    expect(parseRange('bytes=50-60,10-20,0-10,5-15,21-22', 100, limits)).toEqual([
      { start: 0, end: 22 },
      { start: 50, end: 60 },
    ]);
    expect(parseRange('bytes=0-,0-,0-,0-', 100, limits)).toEqual([{ start: 0, end: 99 }]);
  });

  const spec = fc
    .record({ first: fc.option(fc.nat(40)), last: fc.option(fc.nat(40)) })
    .filter(({ first, last }) => first !== null || last !== null);

  test('what is returned lies within the size and covers exactly the bytes asked for that exist', () => {
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 8 }), fc.nat(32), (specs, sizeBytes) => {
        const header = `bytes=${specs.map(({ first, last }) => `${first ?? ''}-${last ?? ''}`).join(', ')}`;
        const wanted = new Set<number>();
        for (let at = 0; at < sizeBytes; at++)
          if (specs.some((one) => asks(one, at, sizeBytes))) wanted.add(at);
        const answer = parseRange(header, sizeBytes, limits);
        if (wanted.size === 0) {
          expect(answer).toBe('unsatisfiable');
          return;
        }
        const ranges = answer as ByteRange[];
        const covered = new Set<number>();
        let lengthsSum = 0;
        for (const { start, end } of ranges) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThan(sizeBytes);
          expect(start).toBeLessThanOrEqual(end);
          lengthsSum += end - start + 1;
          for (let at = start; at <= end; at++) covered.add(at);
        }
        expect([...covered].sort((a, b) => a - b)).toEqual([...wanted]);
        expect(lengthsSum).toBeLessThanOrEqual(2 * sizeBytes);
      }),
      { numRuns: 500 },
    );
  });

  test('any text at all is answered without a throw and within the size', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'bytes=0123-, \t') }),
    );
    fc.assert(
      fc.property(text, fc.nat(), (header, sizeBytes) => {
        const answer = parseRange(header, sizeBytes, limits);
        if (typeof answer === 'string') return;
        for (const { start, end } of answer) expect(start >= 0 && start <= end && end < sizeBytes).toBe(true);
      }),
    );
  });
});

describe('parseContentRange', () => {
  test.each([
    ['0-99', 0, 99],
    [' 100-100 ', 100, 100],
    ['bytes 0-99/*', 0, 99],
    ['bytes 0-99/100', 0, 99],
    ['Bytes 5-6/7', 5, 6],
  ])('%j', (header, start, end) => {
    expect(parseContentRange(header)).toEqual({ start, end });
  });

  test.each([
    '',
    '-',
    '0-',
    '-9',
    '9-0',
    '0-99/100',
    'bytes 0-99',
    'bytes=0-99',
    'bytes 0-99/99',
    'bytes */100',
    'a-b',
    '0-99,100-199',
    '+0-9',
    '0-9007199254740992',
    '0 - 9',
    '0-9\n1-2',
    'items 0-9/10',
  ])('%j is refused', (header) => {
    expect(parseContentRange(header)).toBeUndefined();
  });
});

test('a formatted Content-Range is read back, and names the size alone when nothing can be satisfied', () => {
  expect(formatContentRange({ start: 500, end: 1499 }, 2048)).toBe('bytes 500-1499/2048');
  expect(formatContentRange(undefined, 2048)).toBe('bytes */2048');
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 1000 }), (start, length, more) => {
      const range = { start, end: start + length };
      expect(parseContentRange(formatContentRange(range, range.end + more))).toEqual(range);
    }),
  );
});

/** The model: does one range, as the RFC words it, ask for the byte at this place? */
function asks(
  { first, last }: { first: number | null; last: number | null },
  at: number,
  sizeBytes: number,
): boolean {
  if (first === null) return at >= sizeBytes - (last ?? 0);
  return at >= first && (last === null || at <= last);
}
