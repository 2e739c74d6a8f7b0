import { expect, test } from 'vitest';
import { parseAuthorization } from './parse-authorization.ts';

const basic = (text: string) => Buffer.from(text).toString('base64');

test.each([
  [undefined, { scheme: 'none' }],
  ['', { scheme: 'none' }],
  ['Bearer a.b.c', { scheme: 'bearer', token: 'a.b.c' }],
  ['bearer  a.b.c', { scheme: 'bearer', token: 'a.b.c' }],
  [`Basic ${basic('user:pass:word')}`, { scheme: 'basic', user: 'user', password: 'pass:word' }],
  [`BASIC ${basic('user:')}`, { scheme: 'basic', user: 'user', password: '' }],
  [`Basic ${basic('üser:pässword')}`, { scheme: 'basic', user: 'üser', password: 'pässword' }],
  [`Basic ${basic('no colon')}`, { scheme: 'unknown' }],
  ['Basic !!!!', { scheme: 'unknown' }],
  ['Basic', { scheme: 'unknown' }],
  ['Bearer', { scheme: 'unknown' }],
  ['Bearer a b', { scheme: 'unknown' }],
  ['Digest username="x"', { scheme: 'unknown' }],
  ['Negotiate YII=', { scheme: 'unknown' }],
])('%j', (header, expected) => {
  expect(parseAuthorization(header)).toEqual(expected);
});
