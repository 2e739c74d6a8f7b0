import { expect, test } from 'vitest';
import { listenError } from './listener.ts';

test.each([
  ['EACCES', 'Port 443 needs more rights than this user has: choose one above 1023 with --port N'],
  ['EADDRINUSE', 'Port 443 on 127.0.0.1 is in use'],
  ['EADDRNOTAVAIL', 'This machine has no address 127.0.0.1: choose another with --host.'],
])('%s is told in words that say what to do', (code, words) => {
  const error = listenError(Object.assign(new Error(code), { code }), { host: '127.0.0.1', port: 443 });
  expect(error).toMatchObject({ name: 'PortTaken', message: expect.stringContaining(words) });
});

test('another error stays as it is', () => {
  const error = Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  expect(listenError(error, { host: '127.0.0.1', port: 443 })).toBe(error);
});
