import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmulatorDescription } from '@cerulean/server/emulator/start-emulator.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmulatorProcess, spawnEmulator } from '../process/emulator-process.ts';
import { runCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';
import { clientEnvironment, clientProgram, testFolder } from './client-program.ts';

const folder = testFolder('emulator');
const hostsFile = '/etc/hosts';

let running: EmulatorProcess;
let emulator: EmulatorDescription;

/** As its users start it, on the port of https, with its names in a hosts file that these tests alone see. */
beforeAll(async () => {
  running = spawnEmulator({ temporaryFolder: folder, by: 'npm', args: ['--port', '443'] });
  emulator = await running.ready;
  const ownHosts = join(folder, 'hosts');
  const line = `127.0.0.1 ${emulator.hosts.join(' ')}\n`;
  await writeFile(ownHosts, `${await readFile(hostsFile, 'utf8')}\n${line}`);
  await runCommand('mount', ['--bind', ownHosts, hostsFile]);
});
afterAll(async () => {
  await runCommand('umount', [hostsFile]);
  await running[Symbol.asyncDispose]();
});

test('on the port of https no address has a port', () => {
  expect(emulator).toMatchObject({
    login: 'https://login.azurecr.localhost',
    domain: 'azurecr.localhost',
    registry: { loginServer: 'cerulean.azurecr.localhost' },
  });
});

describe('azure-identity with azure-containerregistry (Python)', () => {
  test.each([
    { name: 'adfs, instance discovery left on', tenant: () => 'adfs' },
    { name: 'its id, instance discovery off', tenant: () => emulator.tenantId },
  ])('logs in, pushes and pulls, with the tenant by $name', async ({ tenant }) => {
    const { registry, login, caFile, clientId, clientSecret } = emulator;
    const input = JSON.stringify({
      endpoint: `https://${registry.loginServer}`,
      authority: login,
      ca: caFile,
      clientId,
      secret: clientSecret,
      tenant: tenant(),
      repository: 'team/app',
    });
    const script = join(import.meta.dirname, 'emulator.py');
    const env = { ...clientEnvironment(folder), PYTHONWARNINGS: 'ignore' };
    const { stdout } = await runCommand(toolFile('azurePython'), [script], { env, cwd: folder, input });
    expect(JSON.parse(stdout)).toEqual({ size: 100_000, sameBytes: true, sameDigest: true });
  });
});

describe('crane', () => {
  test.each([
    ['the service principal', () => [emulator.clientId, emulator.clientSecret]],
    ['the admin user', () => [emulator.registry.adminUser, emulator.registry.adminPassword]],
  ])('logs in as %s, pushes, lists the catalog and deletes', async (_, credentials) => {
    const crane = clientProgram('crane');
    const env = { ...crane.env, SSL_CERT_FILE: emulator.caFile };
    const [user = '', password = ''] = credentials();
    const { loginServer } = emulator.registry;
    const run = async (...args: string[]) => (await crane.run(args, { env })).stdout.trim();
    await run('auth', 'login', loginServer, '-u', user, '-p', password);
    await writeFile(join(crane.folder, 'layer.tar'), Buffer.alloc(10_240));
    await run('append', '-f', 'layer.tar', '-t', `${loginServer}/by-crane:v1`);
    expect((await run('catalog', loginServer)).split('\n')).toContain('by-crane');
    const digest = await run('digest', `${loginServer}/by-crane:v1`);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    await run('delete', `${loginServer}/by-crane@${digest}`);
    expect(await run('ls', `${loginServer}/by-crane`)).toBe('');
  });
});
