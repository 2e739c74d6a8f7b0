import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestName } from '../nearest-name.ts';
import { formatByteSize, parseByteSize } from './byte-size.ts';
import { checkListen } from './check-listen.ts';
import { checkRootKeyPlace } from './check-root-key-place.ts';
import { helpOrVersion, helpText } from './help-text.ts';
import { settings } from './settings.ts';

describe('listening', () => {
  const plain = { tls: 'off', tlsCertFile: undefined, insecureHttp: false } as const;

  test.each(['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1', 'localhost'])('%s needs no TLS', (host) => {
    expect(() => checkListen({ ...plain, host })).not.toThrow();
  });

  test.each([
    '0.0.0.0',
    '::',
    '192.168.1.5',
    '::ffff:10.0.0.1',
    '::2',
    '1::1',
    'my.localhost',
    'example.com',
  ])('%s without TLS is refused, and the message names the ways out', (host) => {
    const tried = () => checkListen({ ...plain, host });
    for (const part of [host, '--tls auto', '--tls-cert', '--insecure-http', 'passwords'])
      expect(tried).toThrow(part);
  });

  test('TLS of either kind, or a word for HTTP, lets it listen anywhere', () => {
    const host = '0.0.0.0';
    expect(() => checkListen({ ...plain, host, tls: 'auto' })).not.toThrow();
    expect(() => checkListen({ ...plain, host, tlsCertFile: '/c.pem' })).not.toThrow();
    expect(() => checkListen({ ...plain, host, insecureHttp: true })).not.toThrow();
  });
});

describe('the place of the root key', () => {
  /** Root and two volumes, all of one device, as storage drivers without layers have it. */
  const mounts = [
    '100 99 8:1 /image / rw - ext4 /dev/sda rw',
    '101 100 8:1 /volumes/keys /keys rw - ext4 /dev/sda rw',
    '102 100 8:1 /volumes/more /my\\040volume rw - ext4 /dev/sda rw',
    '',
  ].join('\n');
  const place = (rootKeyFile: string, inContainer = true) =>
    checkRootKeyPlace({ rootKeyFile, inContainer }, mounts);

  test.each(['/root.key', '/data/keys/root.key', '/keys2/root.key'])(
    'in a container, %s on the layer of the image is refused, and the refusal says how to mount',
    async (rootKeyFile) => {
      await expect(place(rootKeyFile)).rejects.toThrow('-v cerulean-keys:');
    },
  );

  test.each(['/keys/root.key', '/keys/deep/root.key', '/my volume/root.key'])(
    '%s on a volume is fine',
    async (file) => {
      await expect(place(file)).resolves.toBeUndefined();
    },
  );

  test('outside of a container every place is fine', async () => {
    await expect(place('/root.key', false)).resolves.toBeUndefined();
  });
});

describe('help', () => {
  test('lists every flag with its variable, in 100 columns', () => {
    const text = helpText();
    for (const { flag } of Object.values(settings)) expect(text).toContain(`--${flag}`);
    expect(text).toContain('CERULEAN_CACHE_MEMORY');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('is the answer to --help, as the version is to --version', () => {
    expect(helpOrVersion(['--port', '1', '--help'], '1.2.3')).toBe(`${helpText()}\n`);
    expect(helpOrVersion(['--version'], '1.2.3')).toBe('1.2.3\n');
    expect(helpOrVersion(['--port', '1'], '1.2.3')).toBeUndefined();
  });
});

describe('sizes', () => {
  test.each([
    ['1048576', 1_048_576],
    ['1KiB', 1024],
    ['1kB', 1000],
    ['2 gib', 2_147_483_648],
    ['0.5MiB', 524_288],
    ['7b', 7],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each(['', 'MiB', '-1', '1e3', '1,5MiB', '1MiB!', '9999999TiB', '1  MiB'])('%j is no size', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });

  test('what is printed is read back as the same size', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseByteSize(formatByteSize(bytes)) === bytes));
  });
});

describe('the nearest name', () => {
  test.each([
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['', 'abc', 3],
    ['same', 'same', 0],
    ['prot', 'port', 1],
  ])('from %s to %s it is %i', (one, other, distance) => {
    expect(editDistance(one, other)).toBe(distance);
  });

  test('a name that is far from all has no nearest', () => {
    expect(nearestName('colour', ['port', 'host'])).toBeUndefined();
    expect(nearestName('hostnames', ['host', 'hostname'])).toBe('hostname');
  });
});
