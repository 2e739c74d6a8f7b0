import { expect, test } from 'vitest';
import { type CpuProfile, profileShares } from './profile-shares.ts';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9 });

/** main calls serve, which calls hash; then idle; then the collector. A sample each 10 µs from 1000 on. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 5, 6] },
    { id: 2, callFrame: frame('main', 'file:///srv/packages/server/src/main.ts'), children: [3] },
    { id: 3, callFrame: frame('serve', 'file:///srv/packages/server/src/http/lean/serve.ts'), children: [4] },
    { id: 4, callFrame: frame('update') },
    { id: 5, callFrame: frame('(idle)') },
    { id: 6, callFrame: frame('(garbage collector)') },
  ],
  startTime: 990,
  samples: [2, 4, 4, 3, 5, 6, 6],
  timeDeltas: [10, 10, 10, 10, 10, 10, 10],
};
const serve = 'serve packages/server/src/http/lean/serve.ts:10';
const main = 'main packages/server/src/main.ts:10';

test('time is counted in the function itself, in its module and in whatever called it', () => {
  const shares = profileShares([profile], [0, 10_000]);
  expect(shares.busyUs).toBe(50);
  expect(shares.self[0]).toEqual(['update', 20]);
  expect(Object.fromEntries(shares.self)).toEqual({
    update: 20,
    '(garbage collector)': 10,
    [main]: 10,
    [serve]: 10,
  });
  expect(Object.fromEntries(shares.byModule)).toEqual({
    'server/src/http/lean': 30,
    'server/src': 10,
    '(garbage collector)': 10,
  });
  expect(Object.fromEntries(shares.total)).toEqual({ [main]: 40, [serve]: 30 });
});

test('only samples within the window count', () => {
  // Samples are at 1000, 1010, …: the two of `update` lie in it.
  expect(profileShares([profile], [1005, 1025]).self).toEqual([['update', 20]]);
});

test('profiles of several threads add up', () => {
  expect(profileShares([profile, profile], [0, 10_000]).busyUs).toBe(100);
});
