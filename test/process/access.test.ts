/** Principals, roles, scope maps and tokens, from the operator's command to a request: what was taken away is gone. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { runCommand } from '../tools/run-command.ts';
import { findProgram } from './find-program.ts';
import { call } from './http-call.ts';
import { operate, operateJson } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { projectFolder, type ServerProcess, startServer } from './server-process.ts';

interface Token {
  readonly passwords: readonly { readonly name: string; readonly value: string }[];
}

/** A server with one image, on which principals and tokens are made. */
class AccessServer implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly #folder: AsyncDisposable;

  private constructor(server: ServerProcess, folder: AsyncDisposable) {
    this.server = server;
    this.#folder = folder;
  }

  static async start(project?: string): Promise<AccessServer> {
    const folder = await scratchFolder();
    const server = await startServer({
      data: join(folder.path, 'data'),
      args: ['--workers', '2'],
      ...(project === undefined ? {} : { project }),
    });
    await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(1000) });
    return new AccessServer(server, folder);
  }

  json<Result>(...words: string[]): Promise<Result> {
    return operateJson<Result>(this.server, ...words);
  }

  /** A service principal with a secret and a role on the registry. */
  async principal(name: string, role: string): Promise<RegistryClient> {
    await this.json('principal', 'create', name);
    await this.json('role-assignment', 'create', name, role, '--registry', 'cerulean');
    const { clientId, value } = await this.json<{ clientId: string; value: string }>(
      'secret',
      'create',
      name,
    );
    return new RegistryClient(this.server, { user: clientId, password: value });
  }

  async token(name: string, scopeMap: string): Promise<RegistryClient> {
    const { passwords } = await this.json<Token>(
      'token',
      'create',
      'cerulean',
      name,
      '--scope-map',
      scopeMap,
    );
    return new RegistryClient(this.server, { user: name, password: passwords[0]?.value ?? '' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A client with the access token that these credentials get, for a push and a pull of the image. */
async function withAccessToken(client: RegistryClient): Promise<RegistryClient> {
  const scope = encodeURIComponent('repository:app:pull,push');
  const reply = await client.get(`/oauth2/token?service=cerulean.azurecr.localhost&scope=${scope}`);
  expect(reply.status).toBe(200);
  const bearer = (JSON.parse(reply.text) as { access_token: string }).access_token;
  return new RegistryClient(client.server, { bearer });
}

/** Statuses of a pull on new connections, so often that every thread gets some of them. */
async function pullOnAllThreads(client: RegistryClient): Promise<number[]> {
  const statuses = new Set<number>();
  for (let round = 0; round < 8; round += 1) statuses.add((await client.get('/v2/app/manifests/v1')).status);
  return [...statuses];
}

let shared: AccessServer;
beforeAll(async () => {
  shared = await AccessServer.start();
});
afterAll(async () => shared[Symbol.asyncDispose]());

describe('a login', () => {
  test('with client id and client secret reaches what the role allows, by Basic and by a token', async () => {
    const puller = await shared.principal('puller', 'AcrPull');
    for (const client of [puller, await withAccessToken(puller)]) {
      expect(await pullOnAllThreads(client)).toEqual([200]);
      expect((await client.putBlob('app', 'bytes')).status).toBe(401);
    }
    const pusher = await shared.principal('pusher', 'AcrPush');
    expect((await pusher.putBlob('app', 'bytes')).status).toBe(201);
  });

  test('with several secrets at a time, each until it is deleted', async () => {
    const first = await shared.principal('several', 'AcrPull');
    const words = ['secret', 'create', 'several', '--name', 'second', '--days', '1'];
    const made = await shared.json<{ clientId: string; value: string; id: string }>(...words);
    const { clientId, value, id } = made;
    const second = new RegistryClient(shared.server, { user: clientId, password: value });
    expect((await first.get('/v2/')).status).toBe(200);
    expect((await second.get('/v2/')).status).toBe(200);
    await shared.json('secret', 'delete', 'several', id);
    expect((await first.get('/v2/')).status).toBe(200);
    expect((await second.get('/v2/')).status).toBe(401);
  });

  test('with a token reaches what its scope map allows, and a change of it holds at once', async () => {
    const words = ['repositories/other/content/read', 'repositories/team/*/content/read'];
    await shared.json('scope-map', 'create', 'cerulean', 'narrow', ...words);
    const robot = await shared.token('robot', 'narrow');
    const bearer = await withAccessToken(await shared.token('wide-robot', '_repositories_pull'));
    expect(await pullOnAllThreads(robot)).toEqual([401]);
    expect(await pullOnAllThreads(bearer)).toEqual([200]);
    await shared.json('scope-map', 'set', 'cerulean', 'narrow', 'repositories/app/content/read');
    expect(await pullOnAllThreads(robot)).toEqual([200]);
    await shared.json('token', 'set', 'cerulean', 'wide-robot', '--scope-map', 'narrow');
    expect(await pullOnAllThreads(bearer)).toEqual([200]);
    await shared.json('scope-map', 'set', 'cerulean', 'narrow', 'repositories/other/content/read');
    expect(await pullOnAllThreads(bearer)).toEqual([401]);
  });

  test('with a password of a token that was made anew is over, and the other goes on', async () => {
    const words = ['token', 'create', 'cerulean', 'renewed', '--scope-map', '_repositories_pull'];
    const { passwords } = await shared.json<Token>(...words);
    const clients = passwords.map(
      ({ value }) => new RegistryClient(shared.server, { user: 'renewed', password: value }),
    );
    await shared.json('token', 'renew', 'cerulean', 'renewed', '--password', 'password2', '--days', '3');
    const statuses = await Promise.all(clients.map(async (client) => (await client.get('/v2/')).status));
    expect(statuses).toEqual([200, 401]);
  });

  test('of a member has the roles of the group, until it leaves', async () => {
    const member = await shared.principal('member', 'AcrDelete');
    await shared.json('principal', 'create', 'readers', '--type', 'group');
    await shared.json('role-assignment', 'create', 'readers', 'AcrPull', '--subscription');
    expect(await pullOnAllThreads(member)).toEqual([401]);
    await shared.json('group', 'add', 'readers', 'member');
    expect(await pullOnAllThreads(member)).toEqual([200]);
    await shared.json('group', 'remove', 'readers', 'member');
    expect(await pullOnAllThreads(member)).toEqual([401]);
  });

  test('in a new registry needs a role: its admin user is off', async () => {
    await shared.json('registry', 'create', 'payments', '--resource-group', 'Pay');
    const { code, stderr } = await operate(shared.server, 'credentials', 'show', 'payments');
    expect([code, stderr]).toEqual([1, expect.stringContaining('--admin-user on')]);
    const payer = await shared.principal('payer', 'AcrPull');
    const client = Object.assign(Object.create(payer) as RegistryClient, {
      host: 'payments.azurecr.localhost',
    });
    expect((await client.get('/v2/')).status).toBe(401);
    await shared.json('role-assignment', 'create', 'payer', 'AcrPush', '--resource-group', 'pay');
    expect((await client.get('/v2/')).status).toBe(200);
    expect((await client.putBlob('app', 'bytes')).status).toBe(201);
    expect((await payer.putBlob('app', 'bytes')).status).toBe(401);
  });

  test('in another mode of role assignments is decided by data actions alone', async () => {
    await shared.json('registry', 'create', 'abacregistry');
    const host = 'abacregistry.azurecr.localhost';
    const inAbac = (client: RegistryClient): RegistryClient =>
      Object.assign(Object.create(client) as RegistryClient, { host });
    const pusher = inAbac(await shared.principal('abac-pusher', 'AcrPush'));
    await shared.json('role-assignment', 'create', 'abac-pusher', 'AcrPush', '--registry', 'abacregistry');
    expect((await pusher.putBlob('app', 'bytes')).status).toBe(201);
    await shared.json('registry', 'set', 'abacregistry', '--role-assignment-mode', 'rbac-abac');
    expect((await pusher.putBlob('app', 'bytes')).status).toBe(401);
    const role = 'Container Registry Repository Writer';
    await shared.json('role-assignment', 'create', 'abac-pusher', role, '--registry', 'abacregistry');
    expect((await pusher.putBlob('app', 'bytes')).status).toBe(201);
  });
});

describe('the operator', () => {
  test('is told why somebody may, or may not', async () => {
    await shared.principal('asked', 'AcrPull');
    const explain = (...words: string[]) => shared.json('access', 'explain', 'cerulean', ...words);
    expect(await explain('asked', 'pull', 'app')).toEqual({
      allowed: true,
      reason: 'the role AcrPull allows it',
    });
    expect(await explain('asked', 'push', 'app')).toEqual({
      allowed: false,
      reason: 'none of the roles AcrPull allows it',
    });
    expect(await explain('anonymous', 'pull', 'app')).toMatchObject({ allowed: false });
    expect(await explain('cerulean', 'catalog')).toMatchObject({ allowed: true });
  });

  test.each([
    [['principal', 'show', 'nobody'], 'principal list'],
    [['principal', 'create', 'puller'], 'already'],
    [['principal', 'create', '00000000-0000-0000-0000-000000000001'], 'look like an id'],
    [['secret', 'create', 'nobody'], 'principal create nobody'],
    [['role-assignment', 'create', 'puller', 'AcrPuller', '--registry', 'cerulean'], 'role list'],
    [['role-assignment', 'create', 'puller', 'AcrPull'], '--registry NAME'],
    [['role-assignment', 'create', 'puller', 'AcrPull', '--registry', 'cerulean'], 'already'],
    [['scope-map', 'create', 'cerulean', 'mapname', 'app/content/read'], 'repositories/NAME/'],
    [['scope-map', 'create', 'cerulean', 'abc', 'repositories/app/content/read'], '5 to 50'],
    [['scope-map', 'delete', 'cerulean', '_repositories_pull'], 'system'],
    [['token', 'create', 'cerulean', 'cerulean', '--scope-map', '_repositories_pull'], 'admin user'],
    [['token', 'create', 'cerulean', 'fresh', '--scope-map', 'nothing'], 'scope-map list'],
    [['token', 'show', 'cerulean', 'nobody'], 'token list cerulean'],
  ])('is refused %j with a text that helps', async (words, text) => {
    const { code, stdout, stderr } = await operate(shared.server, ...words);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
  });

  test('sees a secret once, and no log ever does', async () => {
    await shared.json('principal', 'create', 'quiet');
    const { value, id } = await shared.json<{ value: string; id: string }>('secret', 'create', 'quiet');
    for (const words of [
      ['secret', 'list', 'quiet'],
      ['secret', 'show', 'quiet', id],
      ['principal', 'show', 'quiet'],
    ])
      expect((await operate(shared.server, ...words)).stdout).not.toContain(value);
    expect(shared.server.stdout() + shared.server.stderr()).not.toContain(value);
  });
});

/** What happened to tokens and Basic logins that worked, after the change. */
async function afterwards(project: string | undefined, change: (server: AccessServer) => Promise<unknown>) {
  await using server = await AccessServer.start(project);
  const principal = await server.principal('ci', 'AcrPush');
  const token = await server.token('robot', '_repositories_admin');
  const clients = [principal, await withAccessToken(principal), token, await withAccessToken(token)];
  for (const client of clients) expect(await pullOnAllThreads(client)).toEqual([200]);
  await change(server);
  return await Promise.all(clients.map(pullOnAllThreads));
}

const disableBoth = async (server: AccessServer) => {
  await server.json('principal', 'disable', 'ci');
  await server.json('token', 'set', 'cerulean', 'robot', '--status', 'disabled');
};
const deleteBoth = async (server: AccessServer) => {
  await server.json('principal', 'delete', 'ci');
  await server.json('token', 'delete', 'cerulean', 'robot');
};

describe('a token that was handed out', () => {
  test.each([
    { what: 'disabled', change: disableBoth },
    { what: 'deleted', change: deleteBoth },
  ])('is worth nothing once its principal is $what, at every thread', async ({ change }) => {
    expect(await afterwards(undefined, change)).toEqual([[401], [401], [401], [401]]);
  });

  const planted: { bug: string; patch: Patch; change: typeof disableBoth; seen: number[][] }[] = [
    {
      bug: 'the epoch stands still when a principal is disabled',
      patch: {
        file: 'packages/server/src/storage/writer/shared-epochs.ts',
        replace: [['Atomics.add(this.#counters, 0, 1);', '']],
      },
      change: disableBoth,
      seen: [[200], [200], [200], [200]],
    },
    {
      bug: 'rights do not look at whether a principal is enabled',
      patch: {
        file: 'packages/server/src/access/authorise.ts',
        replace: [
          ["return principal.enabled ? undefined : 'the principal is disabled';", 'return undefined;'],
        ],
      },
      change: disableBoth,
      seen: [[200], [200], [401], [401]],
    },
  ];
  test.each(planted)('is seen to be worth something where $bug', async ({ patch, change, seen }) => {
    expect(await withPatchedSource(patch, (project) => afterwards(project, change))).toEqual(seen);
  });
});

test('a client that is nobody is told so as one that has a wrong secret', async () => {
  const known = await shared.principal('known', 'AcrPull');
  const user =
    Buffer.from((known.authorization ?? '').slice(6), 'base64')
      .toString()
      .split(':')[0] ?? '';
  const answers = await Promise.all(
    [user, '11111111-2222-3333-4444-555555555555', 'robot', 'no-such-robot', 'cerulean'].map((name) =>
      call({
        url: `${shared.server.url}/oauth2/token?service=cerulean.azurecr.localhost`,
        headers: { authorization: `Basic ${Buffer.from(`${name}:wrong`).toString('base64')}` },
      }),
    ),
  );
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(401);
});

/** As Azure's own tools take it. */
const azureRole = JSON.stringify({
  Name: 'Registry Auditor',
  IsCustom: true,
  Description: 'Sees what there is.',
  Actions: ['Microsoft.ContainerRegistry/registries/*/read'],
  NotActions: ['Microsoft.ContainerRegistry/registries/pull/read'],
  DataActions: [],
  NotDataActions: [],
  AssignableScopes: ['/'],
});

const repositoryName = '@Request[Microsoft.ContainerRegistry/registries/repositories:name]';
const reader = 'Container Registry Repository Reader';
const contentRead = 'Microsoft.ContainerRegistry/registries/repositories/content/read';

describe('roles of your own, and conditions', () => {
  beforeAll(async () => shared.json('principal', 'create', 'unconditioned'));

  test('count at once, when they are given, changed and taken away', async () => {
    await shared.json('registry', 'create', 'conditional');
    await shared.json('registry', 'set', 'conditional', '--role-assignment-mode', 'rbac-abac');
    await shared.json('role', 'create', 'only-pulls', '--data-action', contentRead);
    await shared.json('principal', 'create', 'conditioned');
    const made = await shared.json<{ clientId: string; value: string }>('secret', 'create', 'conditioned');
    const client = new RegistryClient(shared.server, {
      user: made.clientId,
      password: made.value,
      host: 'conditional.azurecr.localhost',
    });
    const statuses = async () => [
      (await client.get('/v2/team/app/manifests/none')).status,
      (await client.get('/v2/other/manifests/none')).status,
    ];
    const condition = `${repositoryName} StringStartsWith 'team/'`;
    const words = ['role-assignment', 'create', 'conditioned', 'only-pulls', '--registry', 'conditional'];
    const given = await shared.json<{ id: string }>(...words, '--condition', condition);
    expect(given).toMatchObject({ role: 'only-pulls', condition, conditionVersion: '2.0' });
    expect((await operate(shared.server, 'role-assignment', 'show', given.id)).stdout).toContain(condition);
    expect(await statuses()).toEqual([404, 401]);
    await shared.json('role', 'update', 'only-pulls', '--data-action', contentRead.replace('read', 'delete'));
    expect(await statuses()).toEqual([401, 401]);
    const refused = await operate(shared.server, 'role', 'delete', 'only-pulls');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('conditioned')]);
    const lister = ['role', 'update', 'only-pulls', '--data-action', '*'];
    expect((await operate(shared.server, ...lister)).stderr).toContain('under a condition now');
    await shared.json('role-assignment', 'delete', given.id);
    await shared.json('role', 'delete', 'only-pulls');
  });

  test.each([
    [['role', 'create', 'AcrPull', '--action', '*'], 'built-in role'],
    [['role', 'create', 'odd'], 'allows nothing'],
    [['role', 'create', 'odd', '--data-action', `${contentRead}er`], `Do you mean ${contentRead}?`],
    [['role', 'create', 'odd', '--action', contentRead], 'belongs to the data actions'],
    [
      ['role', 'create', 'odd', '--action', '*', '--assignable-scope', '/subscriptions/x'],
      'the subscription that there is',
    ],
    [['role', 'delete', 'Owner'], 'built-in role'],
    [['role', 'show', 'nothing'], 'role list'],
    [
      [
        'role-assignment',
        'create',
        'unconditioned',
        reader,
        '--registry',
        'cerulean',
        '--condition',
        `${repositoryName} = 'a'`,
      ],
      'wrong at 68: «=»',
    ],
    [
      [
        'role-assignment',
        'create',
        'unconditioned',
        reader,
        '--registry',
        'cerulean',
        '--condition',
        `Exists ${repositoryName}`,
        '--condition-version',
        '1.0',
      ],
      'version 2.0',
    ],
    [
      [
        'role-assignment',
        'create',
        'unconditioned',
        'AcrPull',
        '--registry',
        'cerulean',
        '--condition',
        `Exists ${repositoryName}`,
      ],
      'no data action on repositories',
    ],
    [
      [
        'role-assignment',
        'create',
        'unconditioned',
        'Container Registry Repository Catalog Lister',
        '--registry',
        'cerulean',
        '--condition',
        `Exists ${repositoryName}`,
      ],
      'catalog/read is not on one repository',
    ],
  ])('are refused %j with a text that helps', async (words, text) => {
    const { code, stdout, stderr } = await operate(shared.server, ...words);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
  });
});

describe('docs/identity.md', () => {
  const openssl = findProgram('openssl');
  test.skipIf(openssl === undefined)(
    `shows commands that work, in their order${openssl === undefined ? ' (SKIPPED: no program `openssl`)' : ''}`,
    async () => {
      await using fresh = await AccessServer.start();
      await using folder = await scratchFolder();
      const page = await readFile(join(projectFolder, 'docs', 'identity.md'), 'utf8');
      const names = ['ci.crt', 'cluster.json', 'role.json', 'condition.txt'] as const;
      const files = Object.fromEntries(names.map((name) => [name, join(folder.path, name)])) as Record<
        (typeof names)[number],
        string
      >;
      const [, condition = ''] = /^```\n(\(\n[^`]+\))\n```$/m.exec(page) ?? [];
      expect(condition).toContain('StringStartsWithIgnoreCase');
      await writeFile(files['condition.txt'], condition);
      await writeFile(files['role.json'], azureRole);
      const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=ci'];
      await runCommand('openssl', [...made, '-keyout', join(folder.path, 'key'), '-out', files['ci.crt']]);
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }];
      await writeFile(files['cluster.json'], JSON.stringify({ keys }));
      const shown = page.replaceAll(/\\\n +/g, '').matchAll(/^npm run -s cerulean -- (.+)$/gm);
      const commands = [...shown].map(([, words = '']) => words);
      expect(commands.length).toBeGreaterThan(8);
      for (const command of commands) {
        const words = command.split(' ').map((word) => word.replace('\\*', '*').replaceAll("'", ''));
        const named = words.map((word) => (word in files ? files[word as keyof typeof files] : word));
        const { code, stderr } = await operate(fresh.server, ...named);
        expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
      }
    },
  );
});

test('a deployment that is older than the directory gets one at its next start', async () => {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  {
    await using first = await startServer({ data });
    await first.end();
  }
  const database = new DatabaseSync(join(data, 'cerulean.db'));
  for (const statement of [
    'update registry set subscription = null, resource_group = null',
    'delete from subscription',
    'delete from tenant',
    'delete from system_key where purpose = 4',
  ])
    database.exec(statement);
  database.close();
  await using server = await startServer({ data });
  await operateJson(server, 'principal', 'create', 'ci');
  await operateJson(server, 'role-assignment', 'create', 'ci', 'AcrPull', '--subscription');
  const made = await operateJson<{ clientId: string; value: string }>(server, 'secret', 'create', 'ci');
  const client = new RegistryClient(server, { user: made.clientId, password: made.value });
  expect((await client.get('/v2/')).status).toBe(200);
  expect((await client.get('/adfs/discovery/keys')).text).toContain('RSA');
});
