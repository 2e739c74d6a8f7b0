import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { runCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';
import { clientEnvironment, testFolder } from './client-program.ts';

const folder = testFolder('azure-identity');
const certificateFile = join(folder, 'ci.crt');
const keyFile = join(folder, 'ci.key');

let server: ServerProcess;
let ca: string;
let clientId: string;
let secret: string;
let tenantId: string;

/** A server with TLS, as the libraries need it, and one service principal that may push. */
beforeAll(async () => {
  server = await startServer({ data: join(folder, 'data'), args: ['--tls', 'auto'] });
  ca = /own authority, (\S+)\. To trust it/.exec(server.stdout())?.[1] ?? '';
  await operateJson(server, 'principal', 'create', 'ci');
  await operateJson(server, 'role-assignment', 'create', 'ci', 'AcrPush', '--registry', 'cerulean');
  const made = await operateJson<Record<string, string>>(server, 'secret', 'create', 'ci');
  [clientId, secret, tenantId] = [made['clientId'] ?? '', made['value'] ?? '', made['tenantId'] ?? ''];
});
afterAll(async () => server[Symbol.asyncDispose]());

/** What the script prints: an image's layer pushed and pulled, or why not. */
async function withPython(given: Record<string, string>): Promise<Record<string, unknown>> {
  const script = join(import.meta.dirname, 'azure-sdk.py');
  const endpoint = `https://localhost:${server.port}`;
  const input = JSON.stringify({ endpoint, ca, clientId, tenant: 'adfs', repository: 'app', ...given });
  const env = { ...clientEnvironment(folder), PYTHONWARNINGS: 'ignore' };
  const { stdout } = await runCommand(toolFile('azurePython'), [script], { env, cwd: folder, input });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const worked = { size: 100_000, sameBytes: true, sameDigest: true };

/** A token as a cluster's issuer makes it: ES256, good for ten minutes. */
function signedToken(key: KeyObject, claims: Record<string, string>): string {
  const now = Math.floor(Date.now() / 1000);
  const parts = [
    { alg: 'ES256', kid: 'k1', typ: 'JWT' },
    { ...claims, iat: now, exp: now + 600 },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

describe('azure-identity with azure-containerregistry (Python)', () => {
  test('logs in with a client secret, by /adfs with instance discovery left on', async () => {
    expect(await withPython({ secret })).toEqual(worked);
  });

  test("logs in with a client secret in the tenant's own name", async () => {
    expect(await withPython({ secret, tenant: tenantId })).toEqual(worked);
  });

  test('shows the reason for a wrong secret', async () => {
    const { error, message } = await withPython({ secret: 'wrong' });
    expect([error, message]).toEqual(['ClientAuthenticationError', expect.stringContaining('AADSTS7000215')]);
  });

  test('logs in with a certificate', async () => {
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=ci'];
    await runCommand('openssl', [...made, '-keyout', keyFile, '-out', certificateFile]);
    await operateJson(server, 'certificate', 'create', 'ci', certificateFile);
    const both = join(folder, 'ci.pem');
    await writeFile(both, (await readFile(keyFile, 'utf8')) + (await readFile(certificateFile, 'utf8')));
    expect(await withPython({ certificate: both })).toEqual(worked);
  });

  test('logs in with a token of another issuer, without a secret', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = join(folder, 'jwks.json');
    await writeFile(keys, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] }));
    const trusted = ['--issuer', 'https://issuer.example', '--subject', 'system:serviceaccount:default:app'];
    await operateJson(server, 'federated-credential', 'create', 'ci', 'cluster', ...trusted, '--keys', keys);
    const assertion = signedToken(privateKey, {
      iss: 'https://issuer.example',
      sub: 'system:serviceaccount:default:app',
      aud: 'api://AzureADTokenExchange',
    });
    expect(await withPython({ assertion })).toEqual(worked);
  });

  test('is out with the next request once its principal is disabled', async () => {
    await operateJson(server, 'principal', 'disable', 'ci');
    const { error, message } = await withPython({ secret });
    expect([error, message]).toEqual(['ClientAuthenticationError', expect.stringContaining('AADSTS7000112')]);
    await operateJson(server, 'principal', 'enable', 'ci');
    expect(await withPython({ secret })).toEqual(worked);
  });
});
