import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKey, signToken, startIssuer } from '@cerulean/server/identity/made-issuer.fixture.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operateJson } from '../process/operator.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { type BackgroundProcess, startProcess } from '../tools/background-process.ts';
import { type CommandResult, runCommand, tryCommand } from '../tools/run-command.ts';
import { commandFile, toolFile } from '../tools/tool-location.ts';
import { clientEnvironment, testFolder } from './client-program.ts';
import { expectSameBytes } from './expect-image.ts';
import { pseudoRandomBytes } from './sample-image.ts';
import { getBlob, getManifest, listTags, registry, sha256 } from './test-registry.ts';

interface StoredImage {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

const folder = testFolder('docker');
const socket = `unix://${join(folder, 'docker.sock')}`;
const env = { ...clientEnvironment(folder), DOCKER_HOST: socket };
let daemon: BackgroundProcess | undefined;

const docker = async (...args: string[]): Promise<CommandResult> =>
  runCommand(commandFile('docker'), args, { env, cwd: folder });

beforeAll(async () => {
  const folders = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  // No bridge and no iptables: the network has loopback only, and containers share it.
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const args = [...folders, '--pidfile', join(folder, 'docker.pid'), '-H', socket, '--storage-driver=vfs'];
  daemon = startProcess(toolFile('docker'), [...args, ...network], {
    env,
    logFile: join(folder, 'dockerd.log'),
  });
  const answers = async (): Promise<boolean> =>
    (await tryCommand(commandFile('docker'), ['info'], { env })).code === 0;
  await daemon.waitUntil(answers, 90_000);
  const login = ['login', '--username', registry.user, '--password-stdin', registry.host];
  await runCommand(commandFile('docker'), login, { env, input: registry.password });
});

afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

/** Builds an image FROM scratch with a static busybox in it. */
async function built(repository: string, tag = 'v1'): Promise<string> {
  const context = join(folder, repository.replaceAll('/', '-'));
  await mkdir(context, { recursive: true });
  await copyFile(toolFile('busybox'), join(context, 'busybox'));
  await writeFile(join(context, 'greeting'), `hello from ${repository}\n`);
  await writeFile(join(context, 'noise'), pseudoRandomBytes(repository, 200_000));
  const steps = [
    'FROM scratch',
    'COPY busybox /busybox',
    'COPY greeting noise /',
    'RUN ["/busybox", "true"]',
  ];
  await writeFile(join(context, 'Dockerfile'), `${steps.join('\n')}\nCMD ["/busybox", "cat", "/greeting"]\n`);
  const image = `${registry.host}/${repository}:${tag}`;
  await docker('build', '--network', 'host', '--tag', image, context);
  return image;
}

async function imageId(image: string): Promise<string> {
  return (await docker('image', 'inspect', '--format', '{{.Id}}', image)).stdout.trim();
}

test('docker builds an image, pushes it, removes it, pulls it and runs it', async () => {
  const image = await built('clients/docker/run');
  const id = await imageId(image);
  await docker('push', image);
  await docker('image', 'rm', image);
  await docker('pull', image);
  expect(await imageId(image)).toBe(id);
  const { stdout } = await docker('run', '--rm', '--net=host', image);
  expect(stdout).toBe('hello from clients/docker/run\n');
});

test('what docker pushed comes back byte for byte', async () => {
  const image = await built('clients/docker/bytes');
  await docker('push', image);
  const stored = await getManifest('clients/docker/bytes', 'v1');
  expect(stored.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  expect(stored.digest).toBe(sha256(stored.bytes));
  const manifest = JSON.parse(stored.bytes.toString()) as StoredImage;
  // Docker names an image by the digest of the config that it pushed.
  expect(manifest.config.digest).toBe(await imageId(image));
  for (const { digest, size } of manifest.layers) {
    const bytes = await getBlob('clients/docker/bytes', digest);
    expect({ digest: sha256(bytes), size: bytes.length }).toEqual({ digest, size });
  }
  await docker('save', '--output', join(folder, 'before.tar'), image);
  await docker('image', 'rm', image);
  await docker('pull', image);
  await docker('save', '--output', join(folder, 'after.tar'), image);
  const files = async (name: string): Promise<string> =>
    (
      await runCommand('sh', ['-c', `tar -xOf ${name} --wildcards '*/layer.tar' | sha256sum`], {
        cwd: folder,
      })
    ).stdout;
  expect(await files('after.tar')).toBe(await files('before.tar'));
});

test('docker pulls by the digest that it was told when it pushed', async () => {
  const image = await built('clients/docker/digest');
  const { stdout } = await docker('push', image);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1] ?? '';
  expect(digest).toBe((await getManifest('clients/docker/digest', 'v1')).digest);
  const id = await imageId(image);
  await docker('image', 'rm', image);
  const byDigest = `${registry.host}/clients/docker/digest@${digest}`;
  await docker('pull', byDigest);
  expect(await imageId(byDigest)).toBe(id);
});

test('docker pushes an image to a second repository without sending its layers again', async () => {
  const image = await built('clients/docker/first');
  await docker('push', image);
  const second = `${registry.host}/clients/docker/second:v1`;
  await docker('tag', image, second);
  const { stdout } = await docker('push', second);
  expect(stdout).toMatch(/Mounted from clients\/docker\/first/);
  expectSameBytes(
    (await getManifest('clients/docker/second', 'v1')).bytes,
    (await getManifest('clients/docker/first', 'v1')).bytes,
  );
});

test('docker pushes all tags of a repository', async () => {
  const image = await built('clients/docker/tags', 'v1');
  for (const tag of ['v2', 'v3']) await docker('tag', image, `${registry.host}/clients/docker/tags:${tag}`);
  await docker('push', '--all-tags', `${registry.host}/clients/docker/tags`);
  expect(await listTags('clients/docker/tags')).toEqual(['v1', 'v2', 'v3']);
});

test('docker login with a wrong password is refused', async () => {
  const login = ['login', '--username', registry.user, '--password-stdin', registry.host];
  const stranger = { ...clientEnvironment(testFolder('docker-stranger')), DOCKER_HOST: socket };
  const result = await tryCommand(commandFile('docker'), login, { env: stranger, input: 'not-the-password' });
  expect(result.code).not.toBe(0);
  expect(result.stderr).toMatch(/unauthorized|incorrect username or password/i);
});

test('docker logout forgets the login, and a private image can’t be pulled any more', async () => {
  const home = clientEnvironment(testFolder('docker-logout'));
  const stranger = { ...home, DOCKER_HOST: socket };
  const asStranger = (args: string[], input = ''): Promise<CommandResult> =>
    tryCommand(commandFile('docker'), args, { env: stranger, input });
  const image = await built('clients/docker/private');
  await docker('push', image);
  const login = ['login', '--username', registry.user, '--password-stdin', registry.host];
  expect((await asStranger(login, registry.password)).code).toBe(0);
  expect(await readFile(join(home['DOCKER_CONFIG'] ?? '', 'config.json'), 'utf8')).toContain(registry.host);
  expect((await asStranger(['pull', image])).code).toBe(0);
  expect((await asStranger(['logout', registry.host])).code).toBe(0);
  const refused = await asStranger(['pull', image]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/unauthorized|authentication required|no basic auth credentials/i);
});

describe('docker login', () => {
  let server: ServerProcess;
  const logIn = (username: string, password: string): Promise<CommandResult> => {
    const host = `127.0.0.1:${server.port}`;
    const args = ['login', '--username', username, '--password-stdin', host];
    return tryCommand(commandFile('docker'), args, { env, input: password });
  };
  beforeAll(async () => {
    server = await startServer({ data: join(folder, 'logins') });
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  test('takes the admin user', async () => {
    expect((await logIn('cerulean', server.password)).code).toBe(0);
    expect((await logIn('cerulean', 'wrong')).code).not.toBe(0);
  });

  test('takes a client id with its secret, and the refresh token that it is exchanged for', async () => {
    await operateJson(server, 'principal', 'create', 'ci');
    await operateJson(server, 'role-assignment', 'create', 'ci', 'AcrPull', '--registry', 'cerulean');
    const { clientId, value } = await operateJson<{ clientId: string; value: string }>(
      server,
      'secret',
      'create',
      'ci',
    );
    expect((await logIn(clientId, value)).code).toBe(0);
    const directory = await posted('/adfs/oauth2/token', {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: value,
      scope: 'https://containerregistry.azure.net/.default',
    });
    const token = directory['access_token'] ?? '';
    const exchanged = await posted('/oauth2/exchange', { grant_type: 'access_token', access_token: token });
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect((await logIn(nobody, exchanged['refresh_token'] ?? '')).code).toBe(0);
    await operateJson(server, 'principal', 'disable', 'ci');
    expect((await logIn(nobody, exchanged['refresh_token'] ?? '')).code).not.toBe(0);
    expect((await logIn(clientId, value)).code).not.toBe(0);
  });

  test('takes a token of a trusted issuer as the password, with no secret anywhere', async () => {
    const key = makeKey('k1', 'RS256');
    await using issuer = await startIssuer(key);
    const sub = 'system:serviceaccount:team:default';
    const about = ['--issuer', issuer.url, '--subject', sub, '--role', 'AcrPull', '--registry', 'cerulean'];
    await operateJson(server, 'trusted-issuer', 'create', 'cluster', ...about);
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now, exp: now + 600 };
    const claims = { iss: issuer.url, sub, aud: ['cerulean.azurecr.localhost'], ...times };
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect((await logIn(nobody, await signToken(key, claims))).code).toBe(0);
    expect((await logIn(nobody, await signToken(key, { ...claims, aud: ['other'] }))).code).not.toBe(0);
  });

  test('takes a repository-scoped token with either password', async () => {
    const words = ['token', 'create', 'cerulean', 'robot', '--scope-map', '_repositories_pull'];
    const made = await operateJson<{ passwords: { value: string }[] }>(server, ...words);
    for (const { value } of made.passwords) expect((await logIn('robot', value)).code).toBe(0);
  });

  async function posted(path: string, form: Record<string, string>): Promise<Record<string, string>> {
    const body = new URLSearchParams(form);
    const answer = await fetch(`${server.url}${path}`, { method: 'POST', body });
    return (await answer.json()) as Record<string, string>;
  }
});
