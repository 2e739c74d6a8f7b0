import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { RegistryClient } from '../process/registry-client.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { runCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';
import { clientEnvironment, testFolder } from './client-program.ts';

const folder = testFolder('user-sign-in');
const user = 'user@contoso.example';
/** MSAL asks about a user's realm at port 443, whatever the port of the authority is. */
const host = '127.0.0.3';
let server: ServerProcess;
let ca: string;
let password: string;
let tenant: string;

beforeAll(async () => {
  server = await startServer({
    data: join(folder, 'data'),
    args: ['--tls', 'auto', '--host', host, '--port', '443'],
  });
  ca = /own authority, (\S+)\. To trust it/.exec(server.stdout())?.[1] ?? '';
  const login = { user: 'cerulean', password: server.password, ca: await readFile(ca, 'utf8') };
  await new RegistryClient(server, login).pushImage('app', 'v1', { layer: Buffer.from('a layer') });
  const made = ['principal', 'create', user, '--type', 'user'];
  ({ tenantId: tenant } = await operateJson<{ tenantId: string }>(server, ...made));
  await operateJson(server, 'role-assignment', 'create', user, 'AcrPull', '--registry', 'cerulean');
  ({ value: password } = await operateJson<{ value: string }>(server, 'password', 'set', user));
});
afterAll(async () => server[Symbol.asyncDispose]());

async function withPython(given: Record<string, string>): Promise<Record<string, unknown>> {
  const script = join(import.meta.dirname, 'user-sign-in.py');
  const input = JSON.stringify({ endpoint: `https://${host}`, ca, user, tenant, ...given });
  const env = { ...clientEnvironment(folder), PYTHONWARNINGS: 'ignore' };
  const { stdout } = await runCommand(toolFile('azurePython'), [script], { env, cwd: folder, input });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a user of azure-identity and of MSAL (Python)', () => {
  test('signs in with a password and goes on by refresh tokens, each of which gives the next', async () => {
    expect(await withPython({ password })).toEqual({
      identity: ['app'],
      msal: { username: user, tenant, kept: true, renewed: [true, true, true] },
    });
    expect(server.stdout()).not.toContain('used twice');
  });

  test('is shown the reason for a wrong password', async () => {
    const { error, message } = await withPython({ password: 'wrong' });
    expect([error, message]).toEqual(['ClientAuthenticationError', expect.stringContaining('AADSTS50126')]);
  });
});
