import { expect, test } from 'vitest';
import { parseReference } from './reference.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

test('text with a colon is a digest', () => {
  expect(parseReference(digest)).toEqual({ kind: 'digest', digest });
  const longer = `sha512:${'0a'.repeat(64)}`;
  expect(parseReference(longer)).toEqual({ kind: 'digest', digest: longer });
});

test('text without a colon is a tag, also when it looks like a digest', () => {
  expect(parseReference('latest')).toEqual({ kind: 'tag', tag: 'latest' });
  expect(parseReference(digest.replace(':', '-'))).toEqual({ kind: 'tag', tag: digest.replace(':', '-') });
});

test.each(['', ':', 'a:b', digest.slice(0, -1), digest.toUpperCase(), 'md5:00', '../x'])(
  'refuses %j',
  (text) => {
    expect(parseReference(text)).toBeUndefined();
  },
);
