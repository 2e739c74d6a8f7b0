import { expect, test } from 'vitest';
import { allowsAction, allowsDataAction } from './permissions.ts';

const permissions = (change: object) => ({
  actions: [],
  notActions: [],
  dataActions: [],
  notDataActions: [],
  ...change,
});

test.each([
  { pattern: 'a/b/read', operation: 'a/b/read', fits: true },
  { pattern: 'A/b/READ', operation: 'a/B/read', fits: true },
  { pattern: 'a/b/read', operation: 'a/b/readx', fits: false },
  { pattern: '*', operation: 'a/b/read', fits: true },
  { pattern: '*/read', operation: 'a/b/read', fits: true },
  { pattern: '*/read', operation: 'a/b/read/action', fits: false },
  { pattern: 'a/*/read', operation: 'a/b/c/read', fits: true },
  { pattern: 'a/*/read', operation: 'a/read', fits: false },
  { pattern: 'a/*', operation: 'ab/read', fits: false },
  { pattern: 'a/*/b/*/c', operation: 'a/x/b/y/c', fits: true },
  { pattern: 'a/*/b/*/c', operation: 'a/x/c', fits: false },
])('$pattern and $operation', ({ pattern, operation, fits }) => {
  expect(allowsAction(permissions({ actions: [pattern] }), operation)).toBe(fits);
  expect(allowsDataAction(permissions({ dataActions: [pattern] }), operation)).toBe(fits);
  expect(allowsDataAction(permissions({ actions: [pattern] }), operation)).toBe(false);
});

test('what is taken away again is not allowed', () => {
  const contributor = permissions({ actions: ['*'], notActions: ['x/*/write'] });
  expect(allowsAction(contributor, 'x/y/write')).toBe(false);
  expect(allowsAction(contributor, 'x/y/read')).toBe(true);
});
