import { wireErrorCodes } from '@cerulean/oci/wire-errors.ts';
import { expect, test } from 'vitest';
import { errorJson, ociErrors, retryAfterSeconds } from './errors.ts';

test('every refusal has the status and the code that the specification and the clients know', () => {
  expect(
    Object.fromEntries(
      Object.entries(ociErrors).map(([name, { status, code }]) => [name, `${status} ${code}`]),
    ),
  ).toMatchObject({
    unauthorized: '401 UNAUTHORIZED',
    insufficient_scope: '401 UNAUTHORIZED',
    denied: '403 DENIED',
    host_unknown: '421 NAME_UNKNOWN',
    name_invalid: '400 NAME_INVALID',
    name_unknown: '404 NAME_UNKNOWN',
    blob_unknown: '404 BLOB_UNKNOWN',
    upload_unknown: '404 BLOB_UPLOAD_UNKNOWN',
    upload_offset: '416 RANGE_INVALID',
    size_mismatch: '400 SIZE_INVALID',
    digest_mismatch: '400 DIGEST_INVALID',
    manifest_unknown: '404 MANIFEST_UNKNOWN',
    manifest_invalid: '400 MANIFEST_INVALID',
    manifest_too_large: '413 MANIFEST_INVALID',
    manifest_parts_unknown: '404 MANIFEST_BLOB_UNKNOWN',
    precondition_failed: '412 PRECONDITION_FAILED',
    too_many_tags: '414 TAG_INVALID',
    too_many_requests: '429 TOOMANYREQUESTS',
    overloaded: '503 UNAVAILABLE',
    method_not_allowed: '405 UNSUPPORTED',
  });
  for (const { status, code } of Object.values(ociErrors)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(wireErrorCodes).toContain(code);
  }
});

test('whoever is told to come back is told when', () => {
  expect(Object.keys(retryAfterSeconds)).toEqual(['429', '503']);
});

test('an error body is JSON in one line, with the newline that ACR has', () => {
  expect(errorJson('DENIED', 'no')).toBe('{"errors":[{"code":"DENIED","message":"no"}]}\n');
  expect(errorJson('UNAUTHORIZED', 'no', null)).toContain('"detail":null');
});
