import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { operateJson } from '../../process/operator.ts';
import type { ServerProcess } from '../../process/server-process.ts';
import { runCommand } from '../../tools/run-command.ts';

/** A service principal and the three ways in which it proves who it is. */
export interface DirectoryLogin {
  readonly tenantId: string;
  readonly clientId: string;
  readonly secret: string;
  /** PEM: the key and behind it its certificate. */
  readonly certificateFile: string;
  /** A token of a cluster's issuer, as a cluster lays it into its pods; it is good for an hour. */
  readonly tokenFile: string;
}

/** Makes a service principal with these roles on the default registry; its files come into the folder. */
export async function createDirectoryLogin(
  server: ServerProcess,
  options: { readonly name: string; readonly roles: readonly string[]; readonly folder: string },
): Promise<DirectoryLogin> {
  const { name, roles, folder } = options;
  await operateJson(server, 'principal', 'create', name);
  for (const role of roles)
    await operateJson(server, 'role-assignment', 'create', name, role, '--registry', 'cerulean');
  const made = await operateJson<Record<string, string>>(server, 'secret', 'create', name);
  return {
    tenantId: made['tenantId'] ?? '',
    clientId: made['clientId'] ?? '',
    secret: made['value'] ?? '',
    certificateFile: await addCertificate(server, name, folder),
    tokenFile: await addFederatedCredential(server, name, folder),
  };
}

async function addCertificate(server: ServerProcess, name: string, folder: string): Promise<string> {
  const [keyFile, certificateFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
  await runCommand('openssl', [...made, '-keyout', keyFile, '-out', certificateFile]);
  await operateJson(server, 'certificate', 'create', name, certificateFile);
  const both = join(folder, `${name}.pem`);
  await writeFile(both, (await readFile(keyFile, 'utf8')) + (await readFile(certificateFile, 'utf8')));
  return both;
}

async function addFederatedCredential(server: ServerProcess, name: string, folder: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = join(folder, 'jwks.json');
  await writeFile(keys, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] }));
  const trusted = ['--issuer', 'https://issuer.example', '--subject', 'system:serviceaccount:default:app'];
  await operateJson(server, 'federated-credential', 'create', name, 'cluster', ...trusted, '--keys', keys);
  const tokenFile = join(folder, 'federated-token');
  const token = signedToken(privateKey, {
    iss: 'https://issuer.example',
    sub: 'system:serviceaccount:default:app',
    aud: 'api://AzureADTokenExchange',
  });
  await writeFile(tokenFile, token);
  return tokenFile;
}

/** A token as a cluster's issuer makes it: ES256. */
function signedToken(key: KeyObject, claims: Record<string, string>): string {
  const now = Math.floor(Date.now() / 1000);
  const parts = [
    { alg: 'ES256', kid: 'k1', typ: 'JWT' },
    { ...claims, iat: now, exp: now + 3600 },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
