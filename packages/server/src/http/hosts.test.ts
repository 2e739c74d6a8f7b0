import { describe, expect, test } from 'vitest';
import { type HostRules, resolveHost } from './hosts.ts';
import { createAddressList } from './trusted-proxies.ts';

const rules: HostRules = {
  domain: 'azurecr.localhost',
  defaultRegistry: 'cerulean',
  hostnames: ['registry.corp.example', '2001:db8::9', 'login.azurecr.localhost'],
  boundAddresses: ['192.0.2.10', 'FD00:0::10'],
  publicUrl: undefined,
  trustedProxies: createAddressList(['10.0.0.1']),
};
const behindUrl = { ...rules, publicUrl: 'https://public.example:8443' };

const resolve = (
  host: string | undefined,
  changes: {
    rules?: HostRules;
    headers?: Record<string, string>;
    peerAddress?: string;
    encrypted?: boolean;
  } = {},
) =>
  resolveHost(
    {
      peerAddress: changes.peerAddress ?? '203.0.113.5',
      encrypted: changes.encrypted ?? false,
      headers: { ...(host === undefined ? {} : { host }), ...changes.headers },
    },
    changes.rules ?? rules,
  );

describe('the host names the registry', () => {
  test.each([
    ['tenant.azurecr.localhost', 'tenant'],
    ['tenant.azurecr.localhost:5000', 'tenant'],
    ['TENANT.AzureCR.localhost', 'tenant'],
    ['tenant.azurecr.localhost.', 'tenant'],
    ['cerulean.azurecr.localhost', 'cerulean'],
    ['localhost:5000', 'cerulean'],
    ['LocalHost', 'cerulean'],
    ['127.0.0.1:5000', 'cerulean'],
    ['127.8.9.1', 'cerulean'],
    ['[::1]:5000', 'cerulean'],
    ['[0:0:0:0:0:0:0:1]', 'cerulean'],
    ['[::ffff:127.0.0.1]:5000', 'cerulean'],
    ['192.0.2.10:5000', 'cerulean'],
    ['[fd00::10]', 'cerulean'],
    ['registry.corp.example', 'cerulean'],
    ['login.azurecr.localhost:8443', 'cerulean'],
    ['Registry.Corp.Example:443', 'cerulean'],
    ['[2001:DB8::9]', 'cerulean'],
  ])('%s: %s', (host, registryName) => {
    const resolved = resolve(host);
    expect(resolved.registryName).toBe(registryName);
    expect(resolved.baseUrl).toBe(`http://${host}`);
  });

  test.each([
    'evil.example',
    'azurecr.localhost',
    '.azurecr.localhost',
    'a.b.azurecr.localhost',
    'tenant.azurecr.localhost.evil.example',
    'evil-azurecr.localhost',
    'other.localhost',
    '192.0.2.11',
    '128.0.0.1',
    '127.0.0.1.evil.example',
    '[::2]',
    'corp.example',
    '',
    ' localhost',
    'localhost:',
    'localhost:123456',
    'localhost:80:80',
    'user@localhost',
    'localhost/path',
    'localhost?x',
    'localhost\\x',
    'local host',
    'localhost,evil.example',
    '[::1',
    '[::1]x',
    '[::1%25eth0]',
    '[localhost]',
    'lоcalhost',
    'a"b.azurecr.localhost',
    `${'a'.repeat(64)}.azurecr.localhost`,
    `${'a.'.repeat(127)}azurecr.localhost`,
  ])('%j is none of ours', (host) => {
    expect(() => resolve(host)).toThrow(expect.objectContaining({ code: 'host_unknown' }));
  });

  test('a request without a host is for nobody', () => {
    expect(() => resolve(undefined)).toThrow(expect.objectContaining({ code: 'host_unknown' }));
  });

  test('the refusal tells the flag and the domain', () => {
    expect(() => resolve('registry.example:5000')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/--hostname registry\.example .*/) }),
    );
    expect(() => resolve('registry.example')).toThrow(
      expect.objectContaining({ message: expect.stringContaining('NAME.azurecr.localhost') }),
    );
  });
});

describe('what we call ourselves', () => {
  test('is the host that the client asked for, with the scheme of the socket', () => {
    expect(resolve('127.0.0.1:5000').baseUrl).toBe('http://127.0.0.1:5000');
    expect(resolve('Tenant.azurecr.localhost:5000', { encrypted: true }).baseUrl).toBe(
      'https://Tenant.azurecr.localhost:5000',
    );
  });

  test('is the public URL for the default registry', () => {
    for (const host of ['127.0.0.1:5000', 'public.example', 'registry.corp.example']) {
      expect(resolve(host, { rules: behindUrl })).toMatchObject({
        registryName: 'cerulean',
        baseUrl: 'https://public.example:8443',
      });
    }
  });

  test('is the asked host with the scheme of the public URL for registries of the domain', () => {
    expect(resolve('tenant.azurecr.localhost', { rules: behindUrl }).baseUrl).toBe(
      'https://tenant.azurecr.localhost',
    );
  });

  test('is what a trusted proxy forwards', () => {
    const headers = { 'x-forwarded-host': 'tenant.azurecr.localhost', 'x-forwarded-proto': 'https' };
    const resolved = resolve('127.0.0.1:5000', { headers, peerAddress: '::ffff:10.0.0.1' });
    expect(resolved).toEqual({
      registryName: 'tenant',
      host: 'tenant.azurecr.localhost',
      baseUrl: 'https://tenant.azurecr.localhost',
    });
  });

  test('is never what anybody else forwards', () => {
    const headers = {
      'x-forwarded-host': 'tenant.azurecr.localhost',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    };
    expect(resolve('127.0.0.1:5000', { headers })).toEqual({
      registryName: 'cerulean',
      host: '127.0.0.1:5000',
      baseUrl: 'http://127.0.0.1:5000',
    });
  });

  test('of several forwarded values the one of the nearest proxy counts', () => {
    const headers = {
      'x-forwarded-host': 'evil.example, tenant.azurecr.localhost',
      'x-forwarded-proto': 'javascript, https',
    };
    expect(resolve('x', { headers, peerAddress: '10.0.0.1' }).baseUrl).toBe(
      'https://tenant.azurecr.localhost',
    );
  });

  test('a trusted proxy can not name a host that is not ours, nor a scheme that is none', () => {
    const forwarded = (name: string, value: string) =>
      resolve('localhost', { headers: { [name]: value }, peerAddress: '10.0.0.1' });
    expect(() => forwarded('x-forwarded-host', 'evil.example')).toThrow(
      expect.objectContaining({ code: 'host_unknown' }),
    );
    expect(forwarded('x-forwarded-proto', 'javascript').baseUrl).toBe('http://localhost');
  });
});
