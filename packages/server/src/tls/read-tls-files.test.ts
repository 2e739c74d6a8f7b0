import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../config/config-error.ts';
import { ensureAutoTls } from './ensure-auto-tls.ts';
import { readTlsFiles } from './read-tls-files.ts';

const now = new Date();

async function files() {
  const folder = temporaryFolder();
  await ensureAutoTls({ folder, names: ['localhost'], now });
  return { folder, certFile: join(folder, 'server.pem'), keyFile: join(folder, 'server-key.pem'), now };
}

test('a certificate with its key is read', async () => {
  const read = await readTlsFiles(await files());
  expect(read.certPem).toContain('BEGIN CERTIFICATE');
  expect(read.keyPem).toContain('PRIVATE KEY');
});

test('what can not be used is an error that names the file and the flag', async () => {
  const good = await files();
  const missing = join(good.folder, 'missing.pem');
  const empty = join(good.folder, 'empty.pem');
  writeFileSync(empty, '');
  const tried = (change: Partial<typeof good>) => expect(readTlsFiles({ ...good, ...change })).rejects;
  await tried({ certFile: missing }).toThrow(`${missing} of --tls-cert can't be read`);
  await tried({ keyFile: empty }).toThrow(`${empty} of --tls-key holds no private key`);
  await tried({ certFile: empty }).toThrow(`${empty} of --tls-cert holds no certificate`);
  await tried({ keyFile: join(good.folder, 'ca-key.pem') }).toThrow(
    'is not the key of the first certificate',
  );
  await tried({ now: new Date(now.getTime() + 400 * 24 * 60 * 60 * 1000) }).toThrow(/ended on \d{4}-/);
  await tried({ certFile: missing }).toBeInstanceOf(ConfigError);
});

/** A folder that goes with the test that asked for it. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cerulean-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
