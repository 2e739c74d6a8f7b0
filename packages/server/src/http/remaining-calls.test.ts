import { expect, test } from 'vitest';
import { remainingCallsText } from './remaining-calls.ts';

// The first three are ACR's own, as recorded.
test.each([
  [9999, '166.65'],
  [19_998, '333.3'],
  [480, '8.0'],
  [0, '0.0'],
  [1, '0.01'],
  [59, '0.98'],
  [60, '1.0'],
  [66, '1.1'],
  [100_000, '1666.66'],
])('%d calls of a minute are %s of a second, and never more than there are', (calls, text) => {
  expect(remainingCallsText(calls)).toBe(text);
  expect(remainingCallsText(calls)).toBe(text);
});
