import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createLiveHashes } from './live-hashes.ts';

const started = (text: string) => createHash('sha256').update(text);

test('a hash goes on where it stood, and only there', () => {
  const hashes = createLiveHashes(10);
  hashes.put('blob', { offsetBytes: 5, algorithm: 'sha256', hash: started('hello') });
  expect(hashes.copyAt('blob', 4, 'sha256')).toBeUndefined();
  expect(hashes.copyAt('blob', 5, 'sha512')).toBeUndefined();
  expect(hashes.copyAt('other', 5, 'sha256')).toBeUndefined();
  const first = hashes.copyAt('blob', 5, 'sha256')?.update(' world').digest('hex');
  expect(first).toBe('b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9');
  // A request that failed has used a copy; the next one finds the hash as it was.
  const second = hashes.copyAt('blob', 5, 'sha256')?.update(' there').digest('hex');
  expect(second).toBe(createHash('sha256').update('hello there').digest('hex'));
  hashes.drop('blob');
  expect(hashes.copyAt('blob', 5, 'sha256')).toBeUndefined();
});

test('only so many are kept, the ones that were used last', () => {
  const hashes = createLiveHashes(2);
  for (const blob of ['a', 'b', 'c'])
    hashes.put(blob, { offsetBytes: 1, algorithm: 'sha256', hash: started(blob) });
  expect(['a', 'b', 'c'].map((blob) => hashes.copyAt(blob, 1, 'sha256') !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
});
