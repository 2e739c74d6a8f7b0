import { expect, test } from 'vitest';
import { errorBody, wireErrorCodes } from './wire-errors.ts';

test('a body without detail has no such member', () => {
  expect(JSON.stringify(errorBody('TAG_UNKNOWN', 'the specified tag does not exist'))).toBe(
    '{"errors":[{"code":"TAG_UNKNOWN","message":"the specified tag does not exist"}]}',
  );
});

test('a detail is kept as it is, null too', () => {
  expect(JSON.stringify(errorBody('MANIFEST_UNKNOWN', 'm', { Tag: 't' }))).toBe(
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"m","detail":{"Tag":"t"}}]}',
  );
  expect(JSON.stringify(errorBody('UNAUTHORIZED', 'm', null))).toBe(
    '{"errors":[{"code":"UNAUTHORIZED","message":"m","detail":null}]}',
  );
});

test('every code is made of upper-case letters and underscores, as the specification wants it', () => {
  for (const code of wireErrorCodes) expect(code).toMatch(/^[A-Z_]+$/);
  expect(new Set(wireErrorCodes).size).toBe(22);
});
