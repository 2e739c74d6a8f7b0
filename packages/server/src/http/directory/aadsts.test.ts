import { expect, test } from 'vitest';
import { StorageFailure } from '../../storage-failure.ts';
import { directoryFailure } from './aadsts.ts';

const about = { requestId: 'r1', now: Date.UTC(2026, 10, 24) };

test('a storage that failed is no bug: the client is asked to come again, and learns nothing of it', () => {
  const failure = new StorageFailure('database_unreadable', 'disk I/O error in /srv/data');
  const { status, outcome, headers, body } = directoryFailure(failure, about);
  expect({ status, outcome, headers }).toEqual({
    status: 503,
    outcome: 'storage:database_unreadable',
    headers: { 'Retry-After': '2' },
  });
  expect(JSON.parse(body)).toMatchObject({ error: 'temporarily_unavailable', error_codes: [90033] });
  expect(body).not.toContain('/srv');
});

test('what nobody expected is a bug', () => {
  const failure = directoryFailure(new TypeError('of ours'), about);
  expect([failure.status, failure.outcome]).toEqual([500, 'bug']);
});
