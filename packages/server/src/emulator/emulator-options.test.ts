import { expect, test } from 'vitest';
import { readEmulatorOptions } from './emulator-options.ts';

test('without flags it listens on the port of https, on loopback', () => {
  expect(readEmulatorOptions([])).toEqual({
    port: '443',
    host: '127.0.0.1',
    domain: 'azurecr.localhost',
    registry: 'cerulean',
    login: 'login.azurecr.localhost',
    logLevel: 'error',
    keepRunning: false,
  });
});

test('the issuer is below the domain unless it is named', () => {
  expect(readEmulatorOptions(['--domain', 'azurecr.io'])?.login).toBe('login.azurecr.io');
  expect(readEmulatorOptions(['--login=login.example', '--domain=azurecr.io'])?.login).toBe('login.example');
});

test.each([
  [['--prot', '0'], '--prot'],
  [['stray'], 'stray'],
  [['--port'], '--port'],
  [['--keep-running=yes'], '--keep-running'],
  [['--registry', 'login'], '--login'],
])('%j is refused, and the message says what to change', (argv, says) => {
  expect(() => readEmulatorOptions(argv)).toThrow(
    expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(says) }),
  );
});

test.each([['--help'], ['-h']])('%s asks for help', (flag) => {
  expect(readEmulatorOptions([flag])).toBeUndefined();
});
