import { describe, expect, test } from 'vitest';
import { planSigningKeys } from './plan-signing-keys.ts';

const day = 24 * 3600 * 1000;
const row = (version: number, createdAt: number, retiredAt: number | null = null) => ({
  version,
  createdAt,
  retiredAt,
});

describe('planSigningKeys', () => {
  test('a deployment without a key gets one, with a version that was never used', () => {
    expect(planSigningKeys([], 0)).toEqual({ addVersion: 1, retireVersions: [] });
    expect(planSigningKeys([row(4, 0, 1)], 2)).toEqual({ addVersion: 5, retireVersions: [] });
  });

  test('a key is replaced after thirty days and not before', () => {
    expect(planSigningKeys([row(1, 0)], 30 * day - 1).addVersion).toBeUndefined();
    expect(planSigningKeys([row(1, 0)], 30 * day).addVersion).toBe(2);
  });

  test('it is not replaced twice', () => {
    expect(planSigningKeys([row(1, 0), row(2, 30 * day)], 30 * day + 1).addVersion).toBeUndefined();
  });

  test('an old key verifies as long as an expired token may finish its upload', () => {
    // A minute until the new key signs, 75 minutes of the last token, 7 days of its upload, a minute of skew twice.
    const over = 30 * day + 60_000 + 75 * 60_000 + 7 * day + 120_000;
    const rows = [row(1, 0), row(2, 30 * day)];
    expect(planSigningKeys(rows, over - 1).retireVersions).toEqual([]);
    expect(planSigningKeys(rows, over).retireVersions).toEqual([1]);
  });

  test('the newest key is never retired', () => {
    expect(planSigningKeys([row(1, 0)], 1000 * day)).toEqual({ addVersion: 2, retireVersions: [] });
  });
});
