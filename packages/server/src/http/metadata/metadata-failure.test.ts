import { expect, test } from 'vitest';
import { StorageFailure } from '../../storage-failure.ts';
import { metadataFailure } from './metadata-failure.ts';

test('a storage that failed is answered as something to try again, and not as a bug', () => {
  const failure = new StorageFailure('database_unreadable', 'disk I/O error in /srv/data');
  const { outcome, status, headers, body } = metadataFailure(failure);
  expect([outcome, status, headers]).toEqual(['storage:database_unreadable', 503, { 'Retry-After': '2' }]);
  expect(JSON.parse(body)).toMatchObject({ statusCode: 503 });
  expect(body).not.toContain('/srv/data');
});

test('of an unknown error nothing is told but that there was one', () => {
  const { outcome, status, body } = metadataFailure(new TypeError('at /srv/data'));
  expect([outcome, status]).toEqual(['bug', 500]);
  expect(body).not.toContain('/srv/data');
});
