/** Proves that the oracle of the other tests sees a lost, a revived and an invented value, and nothing else. */
import { expect, test } from 'vitest';
import type { Operation, Outcome } from './ledger.ts';
import { impossibleValues } from './possible-values.ts';

const tag = 'tag cerulean/app latest';
const manifest = (digest: string): string => `manifest cerulean/app ${digest}`;

function write(
  register: string,
  value: string,
  at: [startMs: number, endMs: number, outcome?: Outcome],
): Operation {
  const [startMs, endMs, outcome = 'acknowledged'] = at;
  const end = outcome === 'unknown' ? Number.POSITIVE_INFINITY : endMs;
  const begun = { id: '', request: '', effects: [{ register, value }], acknowledgedBy: 201, status: 201 };
  return { ...begun, startMs, endMs: end, outcome };
}

const isPossible = (operations: Operation[], value: string, before = new Map<string, string>()): boolean =>
  impossibleValues(operations, before, new Map([[tag, value]])).length === 0;

test('the last acknowledged value may be there, and an earlier one may not', () => {
  const history = [write(tag, 'a', [0, 1]), write(tag, 'b', [2, 3])];
  expect(isPossible(history, 'b')).toBe(true);
  expect(isPossible(history, 'a')).toBe(false);
  expect(isPossible(history, 'absent')).toBe(false);
  expect(isPossible(history, 'c')).toBe(false);
});

test('of two concurrent values either may be there', () => {
  const history = [write(tag, 'a', [0, 3]), write(tag, 'b', [2, 4])];
  expect(isPossible(history, 'a')).toBe(true);
  expect(isPossible(history, 'b')).toBe(true);
});

test('a request without an answer may have been carried out at any later time, or not at all', () => {
  const history = [write(tag, 'a', [0, 0, 'unknown']), write(tag, 'b', [2, 3])];
  expect(isPossible(history, 'a')).toBe(true);
  expect(isPossible(history, 'b')).toBe(true);
  expect(isPossible(history, 'absent')).toBe(false);
});

test('a refused request was not carried out', () => {
  expect(isPossible([write(tag, 'a', [0, 1, 'refused'])], 'a')).toBe(false);
  expect(isPossible([write(tag, 'a', [0, 1, 'refused'])], 'absent')).toBe(true);
});

test('what was there before and not touched is still there', () => {
  const before = new Map([[tag, 'a']]);
  expect(isPossible([], 'a', before)).toBe(true);
  expect(isPossible([], 'absent', before)).toBe(false);
  expect(isPossible([], 'b', before)).toBe(false);
});

test('a deleted tag stays deleted', () => {
  const history = [write(tag, 'a', [0, 1]), write(tag, 'absent', [2, 3])];
  expect(isPossible(history, 'absent')).toBe(true);
  expect(isPossible(history, 'a')).toBe(false);
});

test('a tag goes with the manifest that it points at, and not with another', () => {
  const pointed = [write(tag, 'a', [0, 1]), write(manifest('a'), 'absent', [2, 3])];
  expect(isPossible(pointed, 'absent')).toBe(true);
  expect(isPossible(pointed, 'a')).toBe(false);
  const other = [write(tag, 'a', [0, 1]), write(manifest('b'), 'absent', [2, 3])];
  expect(isPossible(other, 'absent')).toBe(false);
  expect(isPossible(other, 'a')).toBe(true);
  const moved = [write(tag, 'a', [0, 1]), write(tag, 'b', [2, 3]), write(manifest('a'), 'absent', [4, 5])];
  expect(isPossible(moved, 'b')).toBe(true);
  expect(isPossible(moved, 'absent')).toBe(false);
});
