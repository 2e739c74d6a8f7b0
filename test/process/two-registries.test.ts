import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { call, type Reply } from './http-call.ts';
import { type Credentials, operate, operateJson, passwordIn } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, expectStatus, type PushedImage, RegistryClient, sha256 } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

interface Registry {
  readonly name: string;
  readonly loginServer: string;
  readonly anonymousPull: boolean;
  readonly sparseManifests: boolean;
  readonly repositories: number;
  readonly isDefault: boolean;
}

const secondHost = 'second.azurecr.localhost';
const firstHost = 'cerulean.azurecr.localhost';

/** A server with two registries and an image in the first of them. */
class TwoRegistries implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly first: RegistryClient;
  readonly second: RegistryClient;
  readonly image: PushedImage;
  readonly #folder: AsyncDisposable;

  private constructor(parts: Pick<TwoRegistries, 'server' | 'second' | 'image'>, folder: AsyncDisposable) {
    this.server = parts.server;
    this.first = adminOf(parts.server);
    this.second = parts.second;
    this.image = parts.image;
    this.#folder = folder;
  }

  static async start(project?: string): Promise<TwoRegistries> {
    const folder = await scratchFolder();
    const server = await startServer({
      data: join(folder.path, 'data'),
      args: ['--workers', '2'],
      ...(project === undefined ? {} : { project }),
    });
    await operateJson(server, 'registry', 'create', 'second', '--admin-user', 'on');
    const second = await adminOfSecond(server, 'password');
    const image = await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(60_000) });
    return new TwoRegistries({ server, second, image }, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

async function adminOfSecond(server: ServerProcess, name: 'password' | 'password2'): Promise<RegistryClient> {
  const credentials = await operateJson<Credentials>(server, 'credentials', 'show', 'second');
  return new RegistryClient(server, {
    user: 'second',
    password: passwordIn(credentials, name),
    host: secondHost,
  });
}

/** Statuses of the same request, sent on new connections so often that every thread gets some of them. */
async function onAllThreads(ask: () => Promise<Reply>): Promise<number[]> {
  const statuses = new Set<number>();
  for (let round = 0; round < 8; round += 1) statuses.add((await ask()).status);
  return [...statuses];
}

let both: TwoRegistries;
beforeAll(async () => {
  both = await TwoRegistries.start();
});
afterAll(async () => both[Symbol.asyncDispose]());

describe('the operator', () => {
  test('sees both, and which one the plain addresses lead to', async () => {
    const list = await operateJson<Registry[]>(both.server, 'registry', 'list');
    expect(list.map(({ name, loginServer, isDefault }) => [name, loginServer, isDefault])).toEqual([
      ['cerulean', firstHost, true],
      ['second', secondHost, false],
    ]);
    const shown = await operateJson<Registry>(both.server, 'registry', 'show', 'cerulean');
    expect(shown).toMatchObject({ name: 'cerulean', repositories: 1, anonymousPull: false });
    const status = await operateJson(both.server, 'status');
    expect(status).toMatchObject({
      registries: 2,
      workers: 2,
      pid: both.server.pid,
      address: both.server.url,
    });
  });

  test.each([
    [['registry', 'create', 'second'], 'second'],
    [['registry', 'create', 'Second'], '5 to 50'],
    [['registry', 'create', 'abc'], '5 to 50'],
    [['registry', 'show', 'other'], 'There are: cerulean, second'],
    [['registry', 'delete', 'cerulean', '--confirm', 'cerulean'], 'default registry'],
    [['credentials', 'show', 'other'], 'There are: cerulean, second'],
  ])('is refused %j with a text that helps', async (words, text) => {
    const { code, stdout, stderr } = await operate(both.server, ...words);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
  });
});

describe('nothing of one registry is in the other:', () => {
  test('no manifest, no blob, no tag, no referrer, no repository', async () => {
    const { second, image } = both;
    const layer = sha256(image.layer);
    for (const path of [
      '/v2/app/manifests/v1',
      `/v2/app/manifests/${image.digest}`,
      `/v2/app/blobs/${layer}`,
      '/v2/app/tags/list',
    ]) {
      expect((await second.get(path)).status, path).toBe(404);
    }
    expect(JSON.parse((await second.get('/v2/_catalog')).text)).toEqual({ repositories: [] });
    const referrers = JSON.parse((await second.get(`/v2/app/referrers/${image.digest}`)).text);
    expect(referrers.manifests).toEqual([]);
    expect((await second.putManifest('app', 'v1', image.manifest)).errorCode).toBe('MANIFEST_BLOB_UNKNOWN');
  });

  test('no mount, with `from` and without', async () => {
    const { second, image } = both;
    const layer = sha256(image.layer);
    for (const query of [`mount=${layer}&from=app`, `mount=${layer}`, `mount=${layer}&from=cerulean/app`]) {
      const reply = await second.call(`/v2/copy/blobs/uploads/?${query}`, { method: 'POST', body: '' });
      expect(reply.status, query).toBe(202);
    }
    expect((await second.getBlob('copy', layer)).status).toBe(404);
    const own = await both.first.call(`/v2/copy/blobs/uploads/?mount=${layer}&from=app`, {
      method: 'POST',
      body: '',
    });
    expect(own.status).toBe(201);
  });

  test('no login: neither password, nor access token, nor refresh token', async () => {
    const { server, first, second } = both;
    const wrong = (client: RegistryClient, host: string): RegistryClient =>
      Object.assign(Object.create(client) as RegistryClient, { host });
    expect((await second.get('/v2/')).status).toBe(200);
    expect((await wrong(first, secondHost).get('/v2/')).status).toBe(401);
    expect((await wrong(second, firstHost).get('/v2/')).status).toBe(401);
    expect(
      (await new RegistryClient(server, { user: 'second', password: server.password }).get('/v2/')).status,
    ).toBe(401);
    const bearer = await first.token('repository:app:pull', firstHost);
    expect((await new RegistryClient(server, { bearer }).get('/v2/app/manifests/v1')).status).toBe(200);
    expect(
      (await new RegistryClient(server, { bearer, host: secondHost }).get('/v2/app/manifests/v1')).status,
    ).toBe(401);
    const crossed = new URLSearchParams({ service: firstHost, scope: 'repository:app:pull' }).toString();
    expect((await second.get(`/oauth2/token?${crossed}`)).status).not.toBe(200);
  });

  test('no upload', () => uploadsAreApart(both));

  test('no deletion: what both have stays in one when it goes from the other', async () => {
    const { first, second } = both;
    const layer = randomBytes(50_000);
    const mine = await first.pushImage('twice', 'v1', { layer });
    const theirs = await second.pushImage('twice', 'v1', { layer });
    expectStatus(await second.call(`/v2/twice/manifests/${theirs.digest}`, { method: 'DELETE' }), 202);
    expectStatus(await second.call(`/v2/twice/blobs/${sha256(layer)}`, { method: 'DELETE' }), 202);
    expect((await second.getBlob('twice', sha256(layer))).status).toBe(404);
    expect(await first.flawsOf(mine)).toEqual([]);
  });
});

/** The path of an upload is worth nothing in another registry, in another repository, and when a byte of it is changed. */
async function uploadsAreApart({ first, second }: TwoRegistries): Promise<void> {
  const bytes = randomBytes(50_000);
  for (const begun of [false, true]) {
    const upload = await first.startUpload('app');
    if (begun) expectStatus(await first.patch(upload, bytes.subarray(0, 40_000)), 202);
    const token = upload.split('?')[0]?.split('/').at(-1) ?? '';
    const changed = upload.replace(
      token,
      `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`,
    );
    const strangers = [
      [second, upload],
      [first, upload.replace('/v2/app/', '/v2/other/')],
      [first, changed],
    ] as const;
    for (const [client, path] of strangers) {
      const replies = [
        await client.get(path),
        await client.patch(path, bytes),
        await client.finish(path, sha256(bytes), bytes),
        await client.call(path, { method: 'DELETE' }),
      ];
      expect(
        replies.map(({ status }) => status),
        'an upload of somebody else',
      ).toEqual([404, 404, 404, 404]);
    }
    expect(await first.offsetOf(upload)).toBe(begun ? 40_000 : 0);
    expectStatus(await first.finish(upload, sha256(bytes), bytes.subarray(begun ? 40_000 : 0)), 201);
  }
}

const takesAnyToken: Patch = {
  file: 'packages/server/src/registry/upload-token.ts',
  replace: [
    ['if (!timingSafeEqual(expected, token.subarray(macAt))) throw uploadUnknown();', 'void expected;'],
  ],
};

test('a server that does not check whose an upload is, is found out by that', async () => {
  await withPatchedSource(takesAnyToken, async (project) => {
    await using patched = await TwoRegistries.start(project);
    await expect(uploadsAreApart(patched)).rejects.toThrow('an upload of somebody else');
  });
});

test('a host that is nobody is told which flag would make it one', async () => {
  const { url } = both.server;
  for (const host of ['registry.example', 'third.azurecr.localhost', 'second.azurecr.localhost.example']) {
    const reply = await call({ url: `${url}/v2/`, host });
    expect(reply.status, host).toBe(421);
    expect(reply.headers['www-authenticate'], host).toBeUndefined();
  }
  expect((await call({ url: `${url}/v2/`, host: 'registry.example' })).text).toContain(
    '--hostname registry.example',
  );
});

describe('what the operator changes holds at once, on every thread:', () => {
  test('anonymous pull, and for that registry alone', async () => {
    const { server, second } = both;
    const image = await second.pushImage('open', 'v1', { layer: randomBytes(100) });
    const anyone = (host: string) => () => call({ url: `${server.url}/v2/open/manifests/v1`, host });
    expect(await onAllThreads(anyone(secondHost))).toEqual([401]);
    await operateJson(server, 'registry', 'set', 'second', '--anonymous-pull', 'on');
    expect(await onAllThreads(anyone(secondHost))).toEqual([200]);
    expect(await onAllThreads(anyone(firstHost))).toEqual([401]);
    const nobody = new RegistryClient(server, { host: secondHost });
    expect(await nobody.flawsOf(image)).toEqual([]);
    expect((await nobody.putBlob('open', 'bytes')).status).toBe(401);
    await operateJson(server, 'registry', 'set', 'second', '--anonymous-pull', 'off');
    expect(await onAllThreads(anyone(secondHost))).toEqual([401]);
  });

  test('one password, while the other works on', async () => {
    const { server } = both;
    const old = await adminOfSecond(server, 'password');
    const other = await adminOfSecond(server, 'password2');
    expect(await onAllThreads(() => old.get('/v2/'))).toEqual([200]);
    const regenerated = await operateJson<Credentials>(
      server,
      'credentials',
      'regenerate',
      'second',
      '--password',
      'password',
    );
    expect(await onAllThreads(() => old.get('/v2/'))).toEqual([401]);
    expect(await onAllThreads(() => other.get('/v2/'))).toEqual([200]);
    const renewed = await adminOfSecond(server, 'password');
    expect(passwordIn(regenerated, 'password2')).toBe(
      passwordIn(await operateJson(server, 'credentials', 'show', 'second'), 'password2'),
    );
    expect(await onAllThreads(() => renewed.get('/v2/'))).toEqual([200]);
  });

  test('the end of a registry: its tokens and passwords are dead, also when its name is taken again', async () => {
    const { server, first, image } = both;
    const admin = await adminOfSecond(server, 'password');
    const theirs = await admin.pushImage('app', 'v1', { layer: randomBytes(100) });
    const bearer = await admin.token('repository:app:pull,push', secondHost);
    const holder = new RegistryClient(server, { bearer, host: secondHost });
    const upload = await holder.startUpload('app');
    expect(await onAllThreads(() => holder.get('/v2/app/manifests/v1'))).toEqual([200]);

    for (const confirm of [[], ['--confirm', 'cerulean']]) {
      const refused = await operate(server, 'registry', 'delete', 'second', ...confirm);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('--confirm second');
    }
    expect(await holder.flawsOf(theirs)).toEqual([]);

    await operateJson(server, 'registry', 'delete', 'second', '--confirm', 'second');
    expect(await onAllThreads(() => holder.get('/v2/app/manifests/v1'))).toEqual([421]);
    expect(await onAllThreads(() => admin.get('/v2/'))).toEqual([421]);
    expect(await first.flawsOf(image)).toEqual([]);

    await operateJson(server, 'registry', 'create', 'second', '--admin-user', 'on');
    for (const client of [holder, admin]) {
      expect(await onAllThreads(() => client.get('/v2/app/manifests/v1'))).toEqual([401]);
      expect(await onAllThreads(() => client.patch(upload, 'bytes'))).toEqual([401]);
    }
    const renewed = await adminOfSecond(server, 'password');
    expect((await renewed.get('/v2/app/manifests/v1')).status).toBe(404);
    expect(JSON.parse((await renewed.get('/v2/_catalog')).text)).toEqual({ repositories: [] });
    expect((await renewed.patch(upload, 'bytes')).status).toBe(404);
    expect(await first.flawsOf(image)).toEqual([]);
  });
});
