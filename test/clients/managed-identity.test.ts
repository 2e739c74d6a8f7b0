import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { RegistryClient } from '../process/registry-client.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { runCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';
import { clientEnvironment, testFolder } from './client-program.ts';

/** Where every library of Azure's asks for tokens when nothing tells it of another place. */
const imdsAddress = '169.254.169.254';

const folder = testFolder('managed-identity');
let server: ServerProcess;
let ca: string;
let digest: string;
let clientId: string;
let header: string;
let binding: string;

/** A server with TLS for registries, at IMDS's own address for identities, and an identity that may pull. */
beforeAll(async () => {
  // The network is the tests' own: nothing is at this address yet, and nobody else sees it.
  await runCommand(toolFile('iproute2'), ['address', 'replace', `${imdsAddress}/32`, 'dev', 'lo']);
  const args = ['--tls', 'auto', '--metadata-listen', `${imdsAddress}:80`];
  server = await startServer({ data: join(folder, 'data'), args });
  ca = /own authority, (\S+)\. To trust it/.exec(server.stdout())?.[1] ?? '';
  const login = { user: 'cerulean', password: server.password, ca: await readFile(ca, 'utf8') };
  const admin = new RegistryClient(server, login);
  ({ digest } = await admin.pushImage('app', 'v1', { layer: Buffer.from('a layer') }));
  const made = ['principal', 'create', 'node', '--type', 'managed-identity'];
  ({ clientId } = await operateJson<{ clientId: string }>(server, ...made));
  await operateJson(server, 'role-assignment', 'create', 'node', 'AcrPull', '--registry', 'cerulean');
  ({ value: header } = await operateJson<{ value: string }>(
    server,
    'identity-binding',
    'create',
    'node',
    '--header',
  ));
  // Who asks an address of the machine itself asks from that address.
  const bound = ['identity-binding', 'create', 'node', '--address', imdsAddress];
  ({ id: binding } = await operateJson<{ id: string }>(server, ...bound));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await runCommand(toolFile('iproute2'), ['address', 'delete', `${imdsAddress}/32`, 'dev', 'lo']);
});

/** What the script prints: the image's digest and the catalog, or why not. */
async function withPython(
  given: Record<string, string>,
  more: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const script = join(import.meta.dirname, 'managed-identity.py');
  const endpoint = `https://localhost:${server.port}`;
  const input = JSON.stringify({ endpoint, ca, repository: 'app', tag: 'v1', ...given });
  const env = { ...clientEnvironment(folder), PYTHONWARNINGS: 'ignore', ...more };
  const { stdout } = await runCommand(toolFile('azurePython'), [script], { env, cwd: folder, input });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("azure-identity's ManagedIdentityCredential with azure-containerregistry (Python)", () => {
  test('pulls by IMDS at its own address, by the address of the caller alone', async () => {
    expect(await withPython({})).toEqual({ digest, repositories: ['app'] });
    expect(await withPython({ clientId })).toEqual({ digest, repositories: ['app'] });
  });

  test('pulls by IDENTITY_ENDPOINT and IDENTITY_HEADER', async () => {
    const more = { IDENTITY_ENDPOINT: `http://${imdsAddress}/msi/token`, IDENTITY_HEADER: header };
    expect(await withPython({}, more)).toEqual({ digest, repositories: ['app'] });
    expect(await withPython({ clientId }, more)).toEqual({ digest, repositories: ['app'] });
  });

  test('shows that the header is wrong', async () => {
    const wrong = `${header.slice(0, -1)}${header.endsWith('a') ? 'b' : 'a'}`;
    const more = { IDENTITY_ENDPOINT: `http://${imdsAddress}/msi/token`, IDENTITY_HEADER: wrong };
    expect(await withPython({}, more)).toEqual({
      error: 'CredentialUnavailableError',
      message: expect.stringContaining('Identity not found'),
    });
  });

  test('is told that there is no identity once the binding is gone', async () => {
    await operateJson(server, 'identity-binding', 'delete', binding);
    const { error, message } = await withPython({});
    expect([error, message]).toEqual(['CredentialUnavailableError', expect.stringContaining('dentity')]);
  });
});
