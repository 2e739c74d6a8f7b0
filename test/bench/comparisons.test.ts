import { describe, expect, test } from 'vitest';
import { type Comparison, compare, median } from './comparisons.ts';

const line: Comparison = {
  title: 'any work',
  workload: 'tags',
  baseline: 'distribution',
  subject: 'cerulean',
  metric: 'opsPerSecond',
  aim: 4,
};
const sides = (baseline: number, subject: number) => ({
  baseline: { value: baseline, cpuSeconds: 1 },
  subject: { value: subject, cpuSeconds: 1 },
});

describe('a comparison', () => {
  test.each([
    { subject: 400, reachesAim: true, reachesHalf: true },
    { subject: 399, reachesAim: false, reachesHalf: true },
    { subject: 200, reachesAim: false, reachesHalf: true },
    { subject: 199, reachesAim: false, reachesHalf: false },
  ])('of $subject with 100 at an aim of 4', ({ subject, ...expected }) => {
    expect(compare(line, sides(100, subject))).toMatchObject(expected);
  });

  test.each([
    { subject: 105, reachesAim: true, reachesHalf: true },
    { subject: 106, reachesAim: false, reachesHalf: true },
    { subject: 210, reachesAim: false, reachesHalf: true },
    { subject: 211, reachesAim: false, reachesHalf: false },
  ])('of $subject with 100 where less is better, at an aim of 1.05', ({ subject, ...expected }) => {
    const less = { ...line, aim: 1.05, lessIsBetter: true } as const;
    expect(compare(less, sides(100, subject))).toMatchObject(expected);
  });
});

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow('no median');
});
