import { once } from 'node:events';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorDescription } from '@cerulean/server/emulator/start-emulator.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { dataFolderOf, type EmulatorProcess, processesNaming, spawnEmulator } from './emulator-process.ts';
import { eventually } from './eventually.ts';
import { call } from './http-call.ts';
import { operateJson } from './operator.ts';
import { expectStatus, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(async () => folder[Symbol.asyncDispose]());

let folders = 0;
/** A folder for temporary files that one emulator has for itself. */
async function ownTemporaryFolder(): Promise<string> {
  const path = join(folder.path, `tmp-${++folders}`);
  await mkdir(path);
  return path;
}

/** Nothing on the disk, and no process that would still work on it. */
async function expectNothingLeft(temporaryFolder: string): Promise<void> {
  await eventually(async () => {
    expect(await readdir(temporaryFolder)).toEqual([]);
    expect(await processesNaming(temporaryFolder)).toEqual([]);
  });
}

/** Where it listens, without the help of the names that it answers for. */
const addressOf = ({ login }: EmulatorDescription): string => `https://127.0.0.1:${new URL(login).port}`;

/** A form for one of the emulator's hosts, over TLS that is verified for the host's name. */
async function postForm(
  emulator: EmulatorDescription,
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { host, pathname } = new URL(url);
  const reply = await call({
    url: `${addressOf(emulator)}${pathname}`,
    host,
    ca: await readFile(emulator.caFile, 'utf8'),
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  expectStatus(reply, 200);
  return JSON.parse(reply.text) as Record<string, string>;
}

/** As Azure's libraries do: discovery, a token by the secret, an exchange, and a token for the scope. */
async function logIn(emulator: EmulatorDescription, authority: string, scope: string): Promise<string> {
  const discovery = await call({
    url: `${addressOf(emulator)}/${authority}/.well-known/openid-configuration`,
    host: new URL(emulator.login).host,
    ca: await readFile(emulator.caFile, 'utf8'),
  });
  const { token_endpoint } = JSON.parse(discovery.text) as { token_endpoint: string };
  const { access_token = '' } = await postForm(emulator, token_endpoint, {
    grant_type: 'client_credentials',
    client_id: emulator.clientId,
    client_secret: emulator.clientSecret,
    scope: 'https://containerregistry.azure.net/.default',
  });
  const service = emulator.registry.loginServer;
  const { refresh_token = '' } = await postForm(emulator, `https://${service}/oauth2/exchange`, {
    grant_type: 'access_token',
    service,
    tenant: emulator.tenantId,
    access_token,
  });
  const { access_token: token = '' } = await postForm(emulator, `https://${service}/oauth2/token`, {
    grant_type: 'refresh_token',
    service,
    scope,
    refresh_token,
  });
  return token;
}

async function registryOf(
  emulator: EmulatorDescription,
  login: { readonly bearer: string } | { readonly user: string; readonly password: string },
): Promise<RegistryClient> {
  const ca = await readFile(emulator.caFile, 'utf8');
  return new RegistryClient(
    { url: addressOf(emulator) },
    { ...login, ca, host: emulator.registry.loginServer },
  );
}

describe('an emulator that is ready', () => {
  let running: EmulatorProcess;
  let emulator: EmulatorDescription;
  beforeAll(async () => {
    running = spawnEmulator({ temporaryFolder: await ownTemporaryFolder() });
    emulator = await running.ready;
  });
  afterAll(async () => running[Symbol.asyncDispose]());

  test('says on one line all that a test needs, with its port in every address', () => {
    const guid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const port = /^https:\/\/login\.azurecr\.localhost:(\d+)$/.exec(emulator.login)?.[1];
    expect(emulator).toEqual({
      login: `https://login.azurecr.localhost:${port}`,
      domain: `azurecr.localhost:${port}`,
      hosts: ['login.azurecr.localhost', 'cerulean.azurecr.localhost'],
      tenantId: guid,
      clientId: guid,
      clientSecret: expect.stringMatching(/^\S{32,}$/),
      objectId: guid,
      caFile: expect.stringMatching(/ca\.pem$/),
      registry: {
        name: 'cerulean',
        loginServer: `cerulean.azurecr.localhost:${port}`,
        adminUser: 'cerulean',
        adminPassword: expect.stringMatching(/^\S{32,}$/),
      },
    });
    expect(running.stdout()).toBe(`${JSON.stringify(emulator)}\n`);
  });

  test.each(['adfs', 'tenantId'])(
    'lets its principal log in by %s, push, pull, list and delete over verified TLS',
    async (authority) => {
      const path = authority === 'adfs' ? 'adfs' : `${emulator.tenantId}/v2.0`;
      const content = 'repository:team/app:pull,push,delete,metadata_read,metadata_write';
      const client = await registryOf(emulator, { bearer: await logIn(emulator, path, content) });
      const image = await client.pushImage('team/app', authority, { layer: Buffer.alloc(70_000, authority) });
      expect(await client.flawsOf(image)).toEqual([]);
      const catalog = await logIn(emulator, path, 'registry:catalog:*');
      const listed = await (await registryOf(emulator, { bearer: catalog })).get('/v2/_catalog');
      expect(JSON.parse(listed.text)).toEqual({ repositories: ['team/app'] });
      const deleted = await client.call(`/v2/team/app/manifests/${image.digest}`, { method: 'DELETE' });
      expect(deleted.status).toBe(202);
    },
  );

  test('lets its admin user push and pull', async () => {
    const { adminUser, adminPassword } = emulator.registry;
    const client = await registryOf(emulator, { user: adminUser, password: adminPassword });
    const image = await client.pushImage('by-admin', 'v1', { layer: Buffer.from('layer') });
    expect(await client.flawsOf(image)).toEqual([]);
  });

  test('is managed by the operator like any other, and shows the authority to everybody', async () => {
    const data = dataFolderOf(emulator);
    expect(await operateJson({ data }, 'status')).toMatchObject({ registries: 1 });
    const modes = [emulator.caFile, dirname(emulator.caFile), data].map(
      async (path) => (await stat(path)).mode,
    );
    expect((await Promise.all(modes)).map((mode) => mode & 0o777)).toEqual([0o644, 0o711, 0o700]);
  });
});

describe('it ends and leaves nothing behind', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('on %s, before its own end', async (signal) => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder });
    await running.ready;
    running.child.kill(signal);
    expect(await running.end()).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(temporaryFolder)).toEqual([]);
    expect(await processesNaming(temporaryFolder)).toEqual([]);
  });

  test('when its standard input ends, through npm', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder, by: 'npm' });
    await running.ready;
    running.child.stdin?.end();
    expect(await running.end()).toMatchObject({ code: 0, stderr: '' });
    await expectNothingLeft(temporaryFolder);
  });

  test('when its standard input ends before it is ready, and says so', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder });
    running.child.stdin?.end();
    const { code, stdout, stderr } = await running.end();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('--keep-running');
    await expectNothingLeft(temporaryFolder);
  });

  test.each([
    { who: 'its parent', by: 'shellNode' },
    { who: 'the one that started npm', by: 'shell' },
  ] as const)('when $who is killed', async ({ by }) => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder, by, stdin: 'ignore' });
    await running.ready;
    running.child.kill('SIGKILL');
    await running.end();
    await expectNothingLeft(temporaryFolder);
  });

  test.skipIf(process.platform === 'win32')('when it is killed itself', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder });
    await running.ready;
    expect(await readdir(temporaryFolder)).toHaveLength(1);
    running.child.kill('SIGKILL');
    await running.end();
    await expectNothingLeft(temporaryFolder);
  });
});

describe('it goes on', () => {
  test('when its standard input is /dev/null', async () => {
    await using running = spawnEmulator({ temporaryFolder: await ownTemporaryFolder(), stdin: 'ignore' });
    await expectServing(await running.ready);
    running.child.kill('SIGTERM');
    expect(await running.end()).toMatchObject({ code: 0 });
  });

  test('with --keep-running when its standard input and the one that started npm end', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder, by: 'shell', args: ['--keep-running'] });
    const emulator = await running.ready;
    const pid = await running.pid();
    running.child.stdin?.end();
    running.child.kill('SIGKILL');
    // Longer than it takes to notice, as the tests above show.
    await sleep(3000);
    await expectServing(emulator);
    process.kill(pid, 'SIGTERM');
    await expectNothingLeft(temporaryFolder);
  });
});

async function expectServing(emulator: EmulatorDescription): Promise<void> {
  const { adminUser, adminPassword } = emulator.registry;
  const client = await registryOf(emulator, { user: adminUser, password: adminPassword });
  expect((await client.get('/v2/')).status).toBe(200);
}

describe('several', () => {
  test('run side by side, and each has its own content, secrets and authority', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    await using first = spawnEmulator({ temporaryFolder });
    await using second = spawnEmulator({
      temporaryFolder,
      args: ['--registry', 'other', '--domain', 'acr.test'],
    });
    const [one, two] = await Promise.all([first.ready, second.ready]);
    expect(two.hosts).toEqual(['login.acr.test', 'other.acr.test']);
    await Promise.all([expectServing(one), expectServing(two)]);
    const mixed = { ...two, registry: { ...two.registry, adminPassword: one.registry.adminPassword } };
    await expect(expectServing(mixed)).rejects.toThrow('401');
    await expect(expectServing({ ...two, caFile: one.caFile })).rejects.toThrow(/self.signed/);
  });
});

describe('it does not start', () => {
  test('with a value that a setting of the server can not have, and says which', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    await using running = spawnEmulator({ temporaryFolder, args: ['--port', 'http'] });
    const { code, stdout, stderr } = await running.end();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain("port can't be «http»");
    expect(stderr).not.toContain('    at ');
    await expectNothingLeft(temporaryFolder);
  });

  test('on a port that somebody else has, and says who and what to do', async () => {
    const temporaryFolder = await ownTemporaryFolder();
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await using running = spawnEmulator({ temporaryFolder, args: ['--port', String(port)] });
    const { code, stdout, stderr } = await running.end();
    holder.close();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use by process ${process.pid}`);
    expect(stderr).toContain('0 takes any free one');
    await expectNothingLeft(temporaryFolder);
  });
});

test('--help explains it and ends with 0', async () => {
  await using running = spawnEmulator({ temporaryFolder: await ownTemporaryFolder(), args: ['--help'] });
  const { code, stdout, stderr } = await running.end();
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('npm run -s emulator -- ');
  expect(stdout).toContain('--keep-running');
});
