/** Tokens of outside issuers, from the operator's command to a pull: no secret is kept anywhere. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type MadeIssuer,
  makeKey,
  signToken,
  startIssuer,
} from '@cerulean/server/identity/made-issuer.fixture.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { call } from './http-call.ts';
import { operate, operateJson } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const key = makeKey('k1', 'RS256');
const audience = 'cerulean.azurecr.localhost';
const tokenUser = '00000000-0000-0000-0000-000000000000';
const subject = 'repo:org/app:ref:refs/heads/main';

/** A server with one image, and an issuer that it does not know yet. */
class KeylessServer implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly issuer: MadeIssuer;
  readonly folder: string;
  readonly #folder: AsyncDisposable;

  private constructor(server: ServerProcess, issuer: MadeIssuer, folder: AsyncDisposable & { path: string }) {
    this.server = server;
    this.issuer = issuer;
    this.folder = folder.path;
    this.#folder = folder;
  }

  static async start(project?: string): Promise<KeylessServer> {
    const folder = await scratchFolder();
    const server = await startServer({
      data: join(folder.path, 'data'),
      args: ['--workers', '2'],
      ...(project === undefined ? {} : { project }),
    });
    await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(1000) });
    return new KeylessServer(server, await startIssuer(key), folder);
  }

  create(name: string, ...words: string[]): Promise<unknown> {
    const about = ['--registry', 'cerulean', '--issuer', this.issuer.url];
    return operateJson(this.server, 'trusted-issuer', 'create', name, ...about, ...words);
  }

  token(claims: object = {}, by = key): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now, exp: now + 600 };
    return signToken(by, { iss: this.issuer.url, sub: subject, aud: audience, ...times, ...claims });
  }

  /** Logs in as a kubelet does: with the token as the password of each request. */
  client(token: string): RegistryClient {
    return new RegistryClient(this.server, { user: tokenUser, password: token });
  }

  async exchange(token: string) {
    const form = new URLSearchParams({ grant_type: 'access_token', service: audience, access_token: token });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${this.server.url}/oauth2/exchange`;
    return call({ url, method: 'POST', headers, body: form.toString() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.issuer[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Statuses on new connections, so often that every thread gets some of them. */
async function onAllThreads(client: RegistryClient, path = '/v2/app/manifests/v1'): Promise<number[]> {
  const statuses = new Set<number>();
  for (let round = 0; round < 8; round += 1) statuses.add((await client.get(path)).status);
  return [...statuses];
}

let shared: KeylessServer;
beforeAll(async () => {
  shared = await KeylessServer.start();
});
afterAll(async () => shared[Symbol.asyncDispose]());

describe('a token of a trusted issuer', () => {
  test('pulls and pushes as the role says, by exchange, by a token and straight as the password', async () => {
    const made = await shared.create('main', '--subject', 'repo:org/app:*', '--role', 'AcrPush');
    expect(made).toMatchObject({
      name: 'main',
      issuer: shared.issuer.url,
      audience,
      registry: 'cerulean',
      subject: 'repo:org/app:*',
      role: 'AcrPush',
      keys: 'fetched',
      enabled: true,
    });
    const token = await shared.token();
    const exchanged = await shared.exchange(token);
    expect(exchanged.status).toBe(200);
    const { refresh_token: refresh } = JSON.parse(exchanged.text) as { refresh_token: string };
    for (const client of [shared.client(token), shared.client(refresh)]) {
      expect(await onAllThreads(client)).toEqual([200]);
      expect(await onAllThreads(client, '/acr/v1/app/_tags')).toEqual([200]);
      expect((await client.putBlob('app', randomBytes(10).toString('hex'))).status).toBe(201);
      expect((await client.call('/v2/app/manifests/v1', { method: 'DELETE' })).status).toBe(401);
    }
    const explain = (name: string) =>
      operateJson(shared.server, 'access', 'explain', 'cerulean', name, 'push', 'app');
    expect(await explain(`main:${subject}`)).toEqual({ allowed: true, reason: 'the role AcrPush allows it' });
    await expect(explain('main:repo:org/app:never')).rejects.toThrow(/has let in no subject/);
    // An upload belongs to the subject, whichever token it comes with.
    const upload = await shared.client(token).startUpload('app');
    expect((await shared.client(await shared.token({ jti: 'another' })).patch(upload, 'bytes')).status).toBe(
      202,
    );
    const stranger = shared.client(await shared.token({ sub: 'repo:org/app:pull_request' }));
    expect((await stranger.patch(upload, 'bytes')).status).toBe(404);
  });

  test('is worth nothing at once, at every thread, when its issuer is disabled or deleted', async () => {
    await shared.create('short', '--subject', 'short-lived', '--role', 'AcrPull');
    const token = await shared.token({ sub: 'short-lived' });
    const { refresh_token: refresh } = JSON.parse((await shared.exchange(token)).text) as {
      refresh_token: string;
    };
    const both = async () => [
      await onAllThreads(shared.client(token)),
      await onAllThreads(shared.client(refresh)),
    ];
    expect(await both()).toEqual([[200], [200]]);
    await operateJson(shared.server, 'trusted-issuer', 'disable', 'short');
    expect(await both()).toEqual([[401], [401]]);
    await operateJson(shared.server, 'trusted-issuer', 'enable', 'short');
    expect(await both()).toEqual([[200], [200]]);
    await operateJson(shared.server, 'trusted-issuer', 'delete', 'short');
    expect(await both()).toEqual([[401], [401]]);
  });

  test('that is refused is in the log with the reason and without the token', async () => {
    await shared.create('strict', '--subject', 'strict', '--role', 'AcrPull', '--claim', 'ref=refs/tags/*');
    const token = await shared.token({ sub: 'strict', ref: 'refs/heads/main' });
    expect((await shared.client(token).get('/v2/app/manifests/v1')).status).toBe(401);
    const logged = () => shared.server.log().find(({ subject: told }) => told === 'strict');
    await eventually(async () =>
      expect(logged()).toMatchObject({
        msg: 'a token of an outside issuer was refused',
        registry: 'cerulean',
        issuer: shared.issuer.url,
        reasons: expect.arrayContaining([
          'strict: its ref is «refs/heads/main» and not «refs/tags/*»',
        ]) as unknown,
      }),
    );
    for (const part of token.split('.')) expect(shared.server.stdout()).not.toContain(part);
  });

  test('logs in under keys that were given in a file, without a question to the issuer', async () => {
    const offline = makeKey('offline');
    const file = join(shared.folder, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [offline.jwk] }));
    const about = ['--issuer', 'https://kubernetes.default.svc.cluster.local', '--keys', file];
    const words = [
      '--subject',
      'system:serviceaccount:team:default',
      '--role',
      'AcrPull',
      '--registry',
      'cerulean',
    ];
    await operateJson(shared.server, 'trusted-issuer', 'create', 'cluster', ...about, ...words);
    const claims = { iss: about[1], sub: words[1], aud: ['cerulean.azurecr.localhost'] };
    expect(await onAllThreads(shared.client(await shared.token(claims, offline)))).toEqual([200]);
  });
});

describe('the operator', () => {
  const refused: { what: string; words: string[]; says: RegExp }[] = [
    {
      what: 'everybody as the subject',
      words: ['--subject', '*', '--role', 'AcrPull'],
      says: /lets in everybody .*name a subject, or give a --claim/,
    },
    {
      what: "another's audience",
      words: ['--subject', 'a', '--role', 'AcrPull', '--audience', 'account'],
      says: /«account» is not ours: .*cerulean\.azurecr\.localhost.*--foreign-audience/,
    },
    {
      what: 'a role that is none',
      words: ['--subject', 'a', '--role', 'Pull'],
      says: /no role «Pull»; see: role list/,
    },
    {
      what: 'a registry that is none',
      words: ['--subject', 'a', '--role', 'AcrPull', '--registry', 'nowhere'],
      says: /no registry called nowhere/,
    },
    {
      what: 'an issuer over plain http',
      words: ['--subject', 'a', '--role', 'AcrPull', '--issuer', 'http://issuer.example'],
      says: /not https: plain http is for issuers on this machine alone.*--keys FILE/,
    },
    {
      what: 'keys at an address over plain http',
      words: ['--subject', 'a', '--role', 'AcrPull', '--jwks-uri', 'http://issuer.example/keys'],
      says: /not https/,
    },
    {
      what: 'a claim without a pattern',
      words: ['--subject', 'a', '--role', 'AcrPull', '--claim', 'ref'],
      says: /'ref' is invalid. It must be NAME=PATTERN/,
    },
  ];
  test.each(refused)('is refused $what, with what to do', async ({ words, says }) => {
    const about = ['--registry', 'cerulean', '--issuer', 'https://issuer.example'];
    const before = await operateJson(shared.server, 'trusted-issuer', 'list');
    const { code, stderr } = await operate(
      shared.server,
      'trusted-issuer',
      'create',
      'wrong',
      ...about,
      ...words,
    );
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(says)]);
    expect(await operateJson(shared.server, 'trusted-issuer', 'list')).toEqual(before);
  });

  test('gives a role of his own, where that may be given, and keeps it while it is given', async () => {
    const data = 'Microsoft.ContainerRegistry/registries/pull/read';
    const { subscriptionId } = await operateJson<{ subscriptionId: string }>(
      shared.server,
      'directory',
      'show',
    );
    const elsewhere = `/subscriptions/${subscriptionId}/resourceGroups/elsewhere`;
    await operateJson(shared.server, 'role', 'create', 'puller', '--action', data);
    await operateJson(
      shared.server,
      'role',
      'create',
      'far',
      '--action',
      data,
      '--assignable-scope',
      elsewhere,
    );
    const about = ['--registry', 'cerulean', '--issuer', shared.issuer.url, '--subject', 'own-role'];
    const far = await operate(shared.server, 'trusted-issuer', 'create', 'far', ...about, '--role', 'far');
    expect([far.code === 0, far.stderr]).toEqual([
      false,
      expect.stringContaining(`at ${elsewhere} and below`),
    ]);
    expect(await shared.create('own', '--subject', 'own-role', '--role', 'puller')).toMatchObject({
      role: 'puller',
    });
    const client = shared.client(await shared.token({ sub: 'own-role' }));
    expect(await onAllThreads(client)).toEqual([200]);
    const kept = await operate(shared.server, 'role', 'delete', 'puller');
    expect([kept.code === 0, kept.stderr]).toEqual([false, expect.stringContaining('given to own')]);
    await operateJson(shared.server, 'trusted-issuer', 'delete', 'own');
    expect(await onAllThreads(client)).toEqual([401]);
    await operateJson(shared.server, 'role', 'delete', 'puller');
  });

  test('sees what is trusted, in a table too', async () => {
    await shared.create(
      'seen',
      '--subject',
      'seen',
      '--role',
      'AcrPull',
      '--claim',
      'a=b=c',
      '--claim',
      'd=*',
    );
    expect(await operateJson(shared.server, 'trusted-issuer', 'show', 'seen')).toMatchObject({
      claims: [
        { name: 'a', pattern: 'b=c' },
        { name: 'd', pattern: '*' },
      ],
    });
    const { stdout } = await operate(shared.server, 'trusted-issuer', 'list');
    expect(stdout).toMatch(/^NAME +ISSUER +SUBJECT +ROLE +REGISTRY +ENABLED\n/);
    expect(stdout).toMatch(/\nseen +http:\/\/127\.0\.0\.1:\d+ +seen +AcrPull +cerulean +on\n/);
  });
});

/** What becomes of three attacks, as statuses. */
async function attacked(project?: string) {
  await using made = await KeylessServer.start(project);
  const words = ['--subject', '*', '--claim', 'org=1', '--role', 'AcrPull'];
  await made.create('jobs', ...words);
  const login = async (token: string) => (await made.client(token).get('/v2/app/manifests/v1')).status;
  const good = { org: 1 };
  const first = await login(await made.token(good));
  const otherAudience = await login(await made.token({ ...good, aud: 'https://other.example' }));
  // Each of a subject of its own: wrong tokens of one are let in only so often.
  for (let at = 0; at < 20; at += 1)
    await login(await made.token({ ...good, sub: `flood-${at}` }, { ...key, kid: `made-up-${at}` }));
  made.issuer.spoiled = (response) => response.destroy();
  const afterFlood = await login(await made.token(good));

  const attacker = makeKey('mine');
  await using elsewhere = await startIssuer(attacker);
  await using sending = await startIssuer();
  elsewhere.discovery = { issuer: sending.url, jwks_uri: `${sending.url}/jwks` };
  sending.spoiled = (response) => {
    const path = sending.asked.at(-1) ?? '';
    response.writeHead(302, { location: `${elsewhere.url}${path}` }).end();
  };
  const about = ['--registry', 'cerulean', '--issuer', sending.url];
  await operateJson(made.server, 'trusted-issuer', 'create', 'sending', ...about, ...words);
  const redirected = await login(await made.token({ ...good, iss: sending.url }, attacker));
  return { first, otherAudience, afterFlood, redirected, asked: elsewhere.asked.length > 0 };
}

describe('an attack', () => {
  const withstood = { first: 200, otherAudience: 401, afterFlood: 200, redirected: 503, asked: false };

  test('by a token for somebody else, a flood of made-up keys or a redirect comes to nothing', async () => {
    expect(await attacked()).toEqual(withstood);
  });

  const planted: { bug: string; patch: Patch; seen: object }[] = [
    {
      bug: 'the audience is not looked at',
      patch: {
        file: 'packages/server/src/identity/outside-login.ts',
        replace: [['!token.audiences.includes(row.audience)', 'token.audiences.length === 0']],
      },
      seen: { otherAudience: 200 },
    },
    {
      bug: 'a key that is not known takes the others away',
      patch: {
        file: 'packages/server/src/identity/outside-keys.ts',
        replace: [
          [
            'const found = pickKey(keys, wanted);',
            'const found = pickKey(keys, wanted);\n    if (found === undefined) this.#keys = undefined;',
          ],
        ],
      },
      seen: { afterFlood: 503 },
    },
    {
      bug: 'redirects are followed',
      patch: {
        file: 'packages/server/src/outbound/fetch-json.ts',
        replace: [
          [
            'const response = await ask(url, { ca, signal });',
            'const moved = await ask(url, { ca, signal });\n      const to = moved.headers.location;\n      const response = to === undefined ? moved : await ask(to, { ca, signal });',
          ],
        ],
      },
      seen: { redirected: 200, asked: true },
    },
  ];
  test.each(planted)('is seen to succeed where $bug', async ({ patch, seen }) => {
    expect(await withPatchedSource(patch, attacked)).toEqual({ ...withstood, ...seen });
  });
});
