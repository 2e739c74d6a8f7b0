import { describe, expect, test } from 'vitest';
import { closingLine, readVitestReport } from './part-result.ts';

const report = (members: Record<string, unknown>): string =>
  JSON.stringify({ numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, ...members });

describe('the counts of a Vitest report', () => {
  test('are those of the report', () => {
    const text = report({ numFailedTests: 2, numPendingTests: 4, numTodoTests: 1, success: false });
    expect(readVitestReport(text)).toEqual({ passed: 3, failed: 2, skipped: 5 });
    expect(readVitestReport(report({ success: true }))).toEqual({ passed: 3, failed: 0, skipped: 0 });
  });

  test('hold one failure when a file could not be loaded, though no test failed', () => {
    expect(readVitestReport(report({ success: false }))).toMatchObject({ passed: 3, failed: 1 });
  });

  test('hold one failure when no test ran at all', () => {
    expect(readVitestReport(report({ numPassedTests: 0, success: true }))).toMatchObject({
      passed: 0,
      failed: 1,
    });
  });
});

test('the closing line is the plain one that sums all parts', () => {
  const results = [
    { passed: 3, failed: 0, skipped: 0 },
    { passed: 40, failed: 2, skipped: 1 },
  ];
  expect(closingLine(results)).toBe('43 passed, 2 failed');
});
