import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addressBytes } from './address-bytes.ts';
import { autoTlsNames } from './auto-tls-names.ts';
import { ensureAutoTls } from './ensure-auto-tls.ts';
import { hostsLines, trustLines } from './trust-lines.ts';

const names = [
  'localhost',
  '127.0.0.1',
  '::1',
  '*.azurecr.localhost',
  'azurecr.localhost',
  'registry.example',
];
const dayMs = 24 * 60 * 60 * 1000;
const now = new Date();
const later = (days: number) => new Date(now.getTime() + days * dayMs);
const newFolder = () => join(temporaryFolder(), 'tls');
const serialOf = (pem: string) => new X509Certificate(pem).serialNumber;

/** Asks a real server of the certificate for its greeting, as a client that knows it by this name. */
async function greet(options: {
  tls: { certPem: string; keyPem: string };
  ca?: string;
  name: string;
  address?: string;
}) {
  const server = createServer({ cert: options.tls.certPem, key: options.tls.keyPem }, (_, response) =>
    response.end('hello'),
  );
  await once(server.listen(0, options.address ?? '127.0.0.1'), 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const request = get({
      host: options.name,
      port,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      agent: false,
      lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const [response] = await once(request, 'response');
    return await text(response);
  } finally {
    server.close();
  }
}

describe('a real HTTPS server', () => {
  test.each([
    'localhost',
    '127.0.0.1',
    'cerulean.azurecr.localhost',
    'azurecr.localhost',
    'registry.example',
  ])('is trusted as %s by a client that trusts the authority', async (name) => {
    const tls = await ensureAutoTls({ folder: newFolder(), names, now });
    expect(await greet({ tls, ca: readFileSync(tls.caFile, 'utf8'), name })).toBe('hello');
  });

  test('is trusted as ::1', async () => {
    const tls = await ensureAutoTls({ folder: newFolder(), names, now });
    expect(await greet({ tls, ca: readFileSync(tls.caFile, 'utf8'), name: '::1', address: '::1' })).toBe(
      'hello',
    );
  });

  test('is not trusted without the authority, nor under a name that it does not have', async () => {
    const tls = await ensureAutoTls({ folder: newFolder(), names, now });
    await expect(greet({ tls, name: 'localhost' })).rejects.toMatchObject({
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
    });
    const ca = readFileSync(tls.caFile, 'utf8');
    await expect(greet({ tls, ca, name: 'other.example' })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });
});

test('openssl finds the chain right to the letter', async () => {
  const folder = newFolder();
  const tls = await ensureAutoTls({ folder, names, now });
  const question =
    'verify -x509_strict -purpose sslserver -verify_hostname a.azurecr.localhost -CAfile'.split(' ');
  const verified = execFileSync('openssl', [...question, tls.caFile, join(folder, 'server.pem')]);
  expect(verified.toString()).toContain('OK');
  const shown = execFileSync('openssl', [
    'x509',
    '-in',
    join(folder, 'server.pem'),
    '-noout',
    '-text',
  ]).toString();
  expect(shown).toContain('IP Address:0:0:0:0:0:0:0:1');
  expect(shown).toMatch(/Key Usage: critical\s+Digital Signature\n/);
  expect(shown).toMatch(/Extended Key Usage:\s+TLS Web Server Authentication/);
  const authority = execFileSync('openssl', ['x509', '-in', tls.caFile, '-noout', '-text']).toString();
  expect(authority).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  expect(authority).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
});

test('keys are readable by their owner only, and nothing is left beside the four files', async () => {
  const folder = newFolder();
  await ensureAutoTls({ folder, names, now });
  expect(readdirSync(folder).sort()).toEqual(['ca-key.pem', 'ca.pem', 'server-key.pem', 'server.pem']);
  for (const key of ['ca-key.pem', 'server-key.pem'])
    expect(statSync(join(folder, key)).mode & 0o777).toBe(0o600);
});

describe('at a later start', () => {
  test('the same names get the same certificate', async () => {
    const folder = newFolder();
    const first = await ensureAutoTls({ folder, names, now });
    const again = await ensureAutoTls({ folder, names: [...names].reverse(), now: later(1) });
    expect(again).toEqual({ ...first, caIsNew: false });
    expect(first.caIsNew).toBe(true);
  });

  test.each([
    { why: 'a name came', changed: [...names, 'new.example'] },
    { why: 'a name went', changed: names.slice(0, -1) },
  ])('when $why, a new certificate comes from the same authority', async ({ changed }) => {
    const folder = newFolder();
    const first = await ensureAutoTls({ folder, names, now });
    const ca = readFileSync(first.caFile, 'utf8');
    const again = await ensureAutoTls({ folder, names: changed, now });
    expect(serialOf(again.certPem)).not.toBe(serialOf(first.certPem));
    expect(readFileSync(again.caFile, 'utf8')).toBe(ca);
    expect(await greet({ tls: again, ca, name: 'localhost' })).toBe('hello');
  });

  test('the certificate is renewed 30 days before its end of 397 days, as renewAt says', async () => {
    const folder = newFolder();
    const first = await ensureAutoTls({ folder, names, now });
    expect(Math.round((first.renewAt.getTime() - now.getTime()) / dayMs)).toBe(367);
    expect(serialOf((await ensureAutoTls({ folder, names, now: later(366) })).certPem)).toBe(
      serialOf(first.certPem),
    );
    const renewed = await ensureAutoTls({ folder, names, now: later(368) });
    expect(serialOf(renewed.certPem)).not.toBe(serialOf(first.certPem));
    expect(renewed.caIsNew).toBe(false);
  });

  test('no certificate outlives the authority, and a new authority follows an ending one', async () => {
    const folder = newFolder();
    await ensureAutoTls({ folder, names, now });
    const last = await ensureAutoTls({ folder, names, now: later(3650 - 40) });
    const [server, authority] = [
      new X509Certificate(last.certPem),
      new X509Certificate(readFileSync(last.caFile)),
    ];
    expect(server.validToDate).toEqual(authority.validToDate);
    const next = await ensureAutoTls({ folder, names, now: later(3650 - 20) });
    expect(next.caIsNew).toBe(true);
    expect(new X509Certificate(readFileSync(next.caFile)).verify(authority.publicKey)).toBe(false);
  });

  test('a key of another server certificate is replaced with its certificate', async () => {
    const folder = newFolder();
    const first = await ensureAutoTls({ folder, names, now });
    writeFileSync(join(folder, 'server-key.pem'), readFileSync(join(folder, 'ca-key.pem')));
    const again = await ensureAutoTls({ folder, names, now });
    expect(serialOf(again.certPem)).not.toBe(serialOf(first.certPem));
    expect(await greet({ tls: again, ca: readFileSync(again.caFile, 'utf8'), name: 'localhost' })).toBe(
      'hello',
    );
  });

  test('an authority without its own key is an error, and stays', async () => {
    const folder = newFolder();
    const { caFile } = await ensureAutoTls({ folder, names, now });
    const ca = readFileSync(caFile, 'utf8');
    writeFileSync(join(folder, 'ca-key.pem'), readFileSync(join(folder, 'server-key.pem')));
    await expect(ensureAutoTls({ folder, names, now })).rejects.toThrow('Restore both from a backup');
    rmSync(join(folder, 'ca-key.pem'));
    await expect(ensureAutoTls({ folder, names, now })).rejects.toThrow('its key is missing');
    expect(readFileSync(caFile, 'utf8')).toBe(ca);
  });
});

test.each([
  ['10.1.2.255', '0a0102ff'],
  ['::', '00'.repeat(16)],
  ['::1', `${'00'.repeat(15)}01`],
  ['fd00::12:3', `fd00${'00'.repeat(10)}00120003`],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['::ffff:10.0.0.1', `${'00'.repeat(10)}ffff0a000001`],
  ['fe80::', `fe80${'00'.repeat(14)}`],
])('the bytes of %s are %s', (address, hex) => {
  expect(Buffer.from(addressBytes(address)).toString('hex')).toBe(hex);
});

test('the names are all by which the server may be asked for, each once', () => {
  const config = {
    domain: 'azurecr.localhost',
    hostnames: ['a.example', '127.0.0.1'],
    publicUrl: 'https://b.example:8443',
  };
  const always = ['localhost', '127.0.0.1', '::1', '*.azurecr.localhost', 'azurecr.localhost'];
  expect(autoTlsNames(config, ['127.0.0.1', '10.0.0.9', 'fe80::1%eth0'])).toEqual([
    ...always,
    'a.example',
    'b.example',
    '10.0.0.9',
  ]);
  const other = { ...config, hostnames: [], publicUrl: 'https://[fd00::1]' };
  expect(autoTlsNames(other, ['10.0.0.9'])).toEqual([...always, 'fd00::1', '10.0.0.9']);
});

test('a newcomer is told how to trust the authority and how to find the names', () => {
  const lines = trustLines({
    caFile: '/data/tls/ca.pem',
    loginServer: 'cerulean.azurecr.localhost',
    port: 5000,
  }).join('\n');
  expect(lines).toContain('/etc/docker/certs.d/cerulean.azurecr.localhost:5000/ca.crt');
  for (const word of ['update-ca-certificates', 'add-trusted-cert', 'certutil'])
    expect(lines).toContain(word);
  expect(
    hostsLines({ address: '127.0.0.1', loginServers: ['a.azurecr.localhost', 'b.azurecr.localhost'] })[1],
  ).toBe('  127.0.0.1 a.azurecr.localhost b.azurecr.localhost');
});

/** A folder that goes with the test that asked for it. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cerulean-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
