import { describe, expect, test } from 'vitest';
import { clientAddress, createAddressList, plainAddress } from './trusted-proxies.ts';

describe('an address list', () => {
  const list = createAddressList(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1']);

  test.each([
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::9', true],
    ['fe80::1', false],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:10.1.2.3', true],
    ['::ffff:a01:203', true],
    ['::ffff:11.1.2.3', false],
    ['', false],
    ['10.1', false],
    ['localhost', false],
  ])('%s: %s', (address, expected) => {
    expect(list.has(address)).toBe(expected);
  });

  test.each(['10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8', '10.0.0.0/x', 'proxy', '', '10.0.0.0/'])(
    '%j is neither',
    (entry) => {
      expect(() => createAddressList([entry])).toThrow(TypeError);
    },
  );
});

describe('the client address', () => {
  const proxies = createAddressList(['10.0.0.0/8', '::1']);

  test.each([
    ['nobody forwarded', '10.0.0.1', undefined, '10.0.0.1'],
    ['a peer that is no proxy is not believed', '192.0.2.1', '203.0.113.5', '192.0.2.1'],
    ['one proxy', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['what the client wrote itself is not believed', '10.0.0.1', '127.0.0.1, 203.0.113.5', '203.0.113.5'],
    ['two proxies', '10.0.0.1', '1.1.1.1, 203.0.113.5, 10.9.9.9', '203.0.113.5'],
    ['proxies all the way', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a hop with a port', '10.0.0.1', '203.0.113.5:51234', '203.0.113.5'],
    ['an IPv6 hop with a port', '::1', '[2001:db8::5]:443', '2001:db8::5'],
    ['a mapped peer', '::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['rubbish ends the walk', '10.0.0.1', '203.0.113.5, unknown', '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
  ])('%s', (_name, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, proxies)).toBe(expected);
  });
});

test('addresses have one plain form', () => {
  expect(plainAddress('FE80:0::1%eth0')).toBe('fe80::1');
  expect(plainAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1');
  expect(plainAddress('192.0.2.1')).toBe('192.0.2.1');
});
