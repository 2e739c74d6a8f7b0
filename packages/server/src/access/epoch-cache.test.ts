import { expect, test } from 'vitest';
import { createEpochCache } from './epoch-cache.ts';

function cacheAt(first: number) {
  const at = { epoch: first, reads: 0 };
  const cache = createEpochCache<{ readonly value: number }>({
    epoch: { current: () => at.epoch },
    entriesMax: 10,
  });
  const get = (read: () => Promise<{ value: number } | undefined>) =>
    cache.get('key', () => {
      at.reads += 1;
      return read();
    });
  return { at, get };
}

test('an answer is remembered while the epoch stands, and read again once it moved', async () => {
  const { at, get } = cacheAt(1);
  await get(async () => ({ value: 1 }));
  expect(await get(async () => ({ value: 2 }))).toEqual({ value: 1 });
  at.epoch = 2;
  expect(await get(async () => ({ value: 3 }))).toEqual({ value: 3 });
  expect(at.reads).toBe(2);
});

test('rows that were read while the epoch moved are not believed afterwards', async () => {
  const { at, get } = cacheAt(1);
  await get(async () => {
    at.epoch = 2;
    return { value: 1 };
  });
  expect(await get(async () => ({ value: 2 }))).toEqual({ value: 2 });
});

test('what is not there is not remembered, and neither is a failure', async () => {
  const { get } = cacheAt(1);
  expect(await get(async () => undefined)).toBeUndefined();
  await expect(get(() => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
  expect(await get(async () => ({ value: 1 }))).toEqual({ value: 1 });
});

test('callers that ask at the same time share one read', async () => {
  const { at, get } = cacheAt(1);
  await Promise.all([get(async () => ({ value: 1 })), get(async () => ({ value: 1 }))]);
  expect(at.reads).toBe(1);
});
