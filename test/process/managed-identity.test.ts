/** Managed identities from the operator's command to a pull, by both doors; and that the checks see a planted bug. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { eventually } from './eventually.ts';
import { operate, operateJson } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const resource = 'https://containerregistry.azure.net';
const imds = `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent(resource)}`;

interface Binding {
  readonly id: string;
  readonly clientId: string;
  readonly value?: string;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, string>;
}

/** Two threads, a door of its own for IMDS, and an identity that may pull. */
async function withServer<Result>(
  project: string | undefined,
  run: (server: ServerProcess, metadataPort: number) => Promise<Result>,
): Promise<Result> {
  await using folder = await scratchFolder();
  await using server = await startServer({
    data: join(folder.path, 'data'),
    args: ['--workers', '2', '--metadata-listen', '127.0.0.1:0'],
    ...(project === undefined ? {} : { project }),
  });
  await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(1000) });
  await operateJson(server, 'principal', 'create', 'node', '--type', 'managed-identity');
  await operateJson(server, 'role-assignment', 'create', 'node', 'AcrPull', '--registry', 'cerulean');
  const line = server.log().find(({ msg }) => msg === 'managed identities get tokens here');
  return await run(server, Number(new URL(String(line?.['address'])).port));
}

/** Asks from an address of this machine's own. */
function ask(
  port: number,
  path: string,
  given: { readonly from?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { from = '127.0.0.1', headers = { Metadata: 'true' } } = given;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, headers, localAddress: from, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : {} }),
        );
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

/** So often that every thread answers some of them. */
async function askAllThreads(...asked: Parameters<typeof ask>): Promise<number[]> {
  const statuses = new Set<number>();
  for (let round = 0; round < 8; round += 1) statuses.add((await ask(...asked)).status);
  return [...statuses];
}

test('a binding opens both doors to the caller that it names, until it is deleted, at every thread', () =>
  withServer(undefined, async (server, metadataPort) => {
    const bound = { from: '127.0.0.7' };
    const create = ['identity-binding', 'create', 'node', '--address', '127.0.0.7/32'];
    const { id } = await operateJson<Binding>(server, ...create);
    for (const port of [server.port, metadataPort]) {
      expect(await askAllThreads(port, imds, bound)).toEqual([200]);
      expect(await askAllThreads(port, imds)).toEqual([400]);
    }
    const { body } = await ask(metadataPort, imds, bound);
    const puller = new RegistryClient(server, {
      user: '00000000-0000-0000-0000-000000000000',
      password: body['access_token'] ?? '',
    });
    expect((await puller.get('/v2/app/manifests/v1')).status).toBe(200);
    expect((await puller.putBlob('app', 'bytes')).status).toBe(401);
    await operateJson(server, 'identity-binding', 'delete', id);
    for (const port of [server.port, metadataPort])
      expect(await askAllThreads(port, imds, bound)).toEqual([400]);
    const told = 'identity-binding create IDENTITY --address 127.0.0.7';
    // Lines of the log are gathered for a moment before they are written.
    await eventually(async () => expect(server.stdout()).toContain(told));
  }));

test('a header is shown once, opens both doors to whoever knows it, and is in no log', () =>
  withServer(undefined, async (server, metadataPort) => {
    const made = await operateJson<Binding>(server, 'identity-binding', 'create', 'node', '--header');
    const { value = '', id } = made;
    const path = `/msi/token?api-version=2019-08-01&resource=${encodeURIComponent(resource)}`;
    for (const port of [server.port, metadataPort]) {
      const headers = { 'X-IDENTITY-HEADER': value };
      expect(await askAllThreads(port, path, { headers })).toEqual([200]);
      expect(await askAllThreads(port, path, { headers: { 'X-IDENTITY-HEADER': `${value}x` } })).toEqual([
        400,
      ]);
    }
    for (const words of [['list'], ['list', 'node'], ['show', id]])
      expect((await operate(server, 'identity-binding', ...words)).stdout).not.toContain(value.slice(32));
    expect(server.stdout() + server.stderr()).not.toContain(value.slice(32));
    await operateJson(server, 'principal', 'disable', 'node');
    expect(await askAllThreads(server.port, path, { headers: { 'X-IDENTITY-HEADER': value } })).toEqual([
      400,
    ]);
  }));

test('the door of IMDS serves nothing but tokens of managed identities', () =>
  withServer(undefined, async (_server, metadataPort) => {
    for (const path of [
      '/',
      '/v2/',
      '/v2/app/manifests/v1',
      '/livez',
      '/metrics',
      '/adfs/discovery/keys',
      '/oauth2/token?service=cerulean.azurecr.localhost',
      '/metadata/identity/oauth2/token/..%2f..%2f..%2f..%2fv2/',
      '/metadata/identity/oauth2/../../../v2/',
      '//v2/',
      `http://127.0.0.1:${metadataPort}/v2/`,
    ])
      expect([path, (await ask(metadataPort, path)).status]).toEqual([path, 404]);
  }));

test('the operator is told what is wrong with a binding', () =>
  withServer(undefined, async (server) => {
    await operateJson(server, 'principal', 'create', 'ci');
    const refused = async (...words: string[]) => {
      const { code, stderr } = await operate(server, 'identity-binding', ...words);
      return [code, stderr];
    };
    const everybody = await refused('create', 'node', '--address', '0.0.0.0/0');
    expect(everybody).toEqual([1, expect.stringContaining('A network that holds everybody is none.')]);
    const wrongKind = await refused('create', 'ci', '--header');
    expect(wrongKind).toEqual([1, expect.stringContaining('principal create NAME --type managed-identity')]);
    expect(await refused('create', 'node')).toEqual([2, expect.stringContaining('--address or --header')]);
    expect((await refused('create', 'node', '--header', '--address', '10.0.0.1'))[0]).toBe(2);
    expect((await refused('show', 'x'))[0]).toBe(1);
    expect((await refused('delete', 'x'))[0]).toBe(1);
  }));

describe('that nobody gets a token without a right to it', () => {
  const attempts = async (project: string | undefined) =>
    withServer(project, async (server, metadataPort) => {
      await operateJson(server, 'identity-binding', 'create', 'node', '--address', '127.0.0.7');
      const header = await operateJson<Binding>(server, 'identity-binding', 'create', 'node', '--header');
      const wrong = { 'X-IDENTITY-HEADER': `${header.value?.slice(0, 32)}${'a'.repeat(40)}` };
      const bound = (headers: Record<string, string>) => ({ from: '127.0.0.7', headers });
      const proxied = { Metadata: 'true', 'X-Forwarded-For': '127.0.0.7' };
      const rebound = { Metadata: 'true', host: 'rebound.example' };
      const query = imds.slice(imds.indexOf('?'));
      return {
        unbound: (await ask(metadataPort, imds)).status,
        wrongHeader: (await ask(metadataPort, `/msi/token${query}`, { headers: wrong })).status,
        withoutMetadata: (await ask(metadataPort, imds, bound({}))).status,
        proxied: (await ask(metadataPort, imds, bound(proxied))).status,
        rebound: (await ask(metadataPort, imds, bound(rebound))).status,
        allowed: (await ask(metadataPort, imds, { from: '127.0.0.7' })).status,
      };
    });
  const right = {
    unbound: 400,
    wrongHeader: 400,
    withoutMetadata: 400,
    proxied: 400,
    rebound: 421,
    allowed: 200,
  };

  test('holds', async () => {
    expect(await attempts(undefined)).toEqual(right);
  });

  const login = 'packages/server/src/identity/managed-identity-login.ts';
  const parse = 'packages/server/src/http/metadata/metadata-request.ts';
  const planted: { bug: string; patch: Patch; seen: Partial<typeof right> }[] = [
    {
      bug: 'the address is not compared with the binding’s',
      patch: { file: login, replace: [['?.has(caller.address) === true', ' !== undefined']] },
      seen: { unbound: 200 },
    },
    {
      bug: 'the secret of a header is not compared',
      patch: {
        file: login,
        replace: [
          [
            '(await passwords.verify([credential], given.secret)) === undefined ? [] : [binding]',
            'credential.id === given.secret ? [] : [binding]',
          ],
        ],
      },
      seen: { wrongHeader: 200 },
    },
    {
      bug: 'the header Metadata is not asked for',
      patch: { file: parse, replace: [["String(headers['metadata']).toLowerCase() !== 'true'", 'false']] },
      seen: { withoutMetadata: 200 },
    },
    {
      bug: 'a proxy in between is not looked for',
      patch: { file: parse, replace: [['headers[name] !== undefined', 'name === undefined']] },
      seen: { proxied: 200 },
    },
    {
      bug: 'the host is not looked at',
      patch: {
        file: 'packages/server/src/http/admit.ts',
        replace: [['    resolveHost(facts, hosts);\n', '']],
      },
      seen: { rebound: 200 },
    },
  ];
  test.each(planted)('is seen to fail where $bug', async ({ patch, seen }) => {
    expect(await withPatchedSource(patch, attempts)).toEqual({ ...right, ...seen });
  });
});
