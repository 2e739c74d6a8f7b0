import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { issueAuthority, issueServer } from '../tls/issue-certificate.ts';
import { createFetchJson } from './fetch-json.ts';

const fetchJson = createFetchJson({ bytesMax: 1000, timeoutMs: 30_000 });
const times = { from: new Date(Date.now() - 60_000), until: new Date(Date.now() + 3600_000) };
const serial = () => randomBytes(16);

/** An https server under an authority of its own, which answers with `{"over":"tls"}`. */
async function startTls() {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name: 'authority', key: authority.privateKey };
  const ca = issueAuthority({
    ...times,
    name: 'authority',
    publicKey: authority.publicKey,
    issuer,
    serial: serial(),
  });
  const names = { name: 'localhost', alternativeNames: ['localhost'] };
  const about = { ...times, ...names, publicKey: own.publicKey, issuer, serial: serial() };
  const cert = issueServer(about);
  const key = own.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const server = createServer({ cert, key }, (_request, response) => response.end('{"over":"tls"}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  return { url, ca, [Symbol.asyncDispose]: async () => void server.close() };
}

test('an authority that the operator names takes the place of those of the system', async () => {
  await using made = await startTls();
  await using other = await startTls();
  expect(await fetchJson(made.url, { ca: made.ca })).toEqual({ over: 'tls' });
  for (const ca of [undefined, other.ca])
    await expect(fetchJson(made.url, { ca })).rejects.toThrow(/certificate|self-signed|issuer/);
});

test('nobody who listens is named with the address', async () => {
  const made = await startTls();
  await made[Symbol.asyncDispose]();
  await expect(fetchJson(made.url, { ca: undefined })).rejects.toThrow(`${made.url}: `);
});
