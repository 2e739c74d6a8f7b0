/**
 * The games that are played with tokens, mounts and uploads, each against a server as it is and against one that has the
 * hole which the game is after: a check that could not see the hole would prove nothing.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import './patient-tests.ts';
import type { Reply } from './http-call.ts';
import { operateJson } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, expectStatus, RegistryClient, sha256 } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const first = 'cerulean.azurecr.localhost';
const second = 'second.azurecr.localhost';

interface Login {
  readonly user: string;
  readonly password: string;
}

/** Two registries with an image each, and one machine that may pull and push in both. */
interface Scene {
  readonly server: ServerProcess;
  readonly ci: Login;
  readonly other: Login;
  /** A token of the first registry that may pull and push in `app` alone. */
  readonly robot: Login;
}

async function setScene(server: ServerProcess): Promise<Scene> {
  const json = <Result>(...words: string[]) => operateJson<Result>(server, ...words);
  await json('registry', 'create', 'second', '--admin-user', 'on');
  const machine = async (name: string): Promise<Login> => {
    await json('principal', 'create', name);
    await json('role-assignment', 'create', name, 'AcrPush', '--subscription');
    const made = await json<{ clientId: string; value: string }>('secret', 'create', name);
    return { user: made.clientId, password: made.value };
  };
  const ci = await machine('ci');
  const other = await machine('other');
  const actions = ['repositories/app/content/read', 'repositories/app/content/write'];
  await json('scope-map', 'create', 'cerulean', 'app-only', ...actions);
  const robot = ['token', 'create', 'cerulean', 'robot', '--scope-map', 'app-only'];
  const { passwords } = await json<{ passwords: readonly { readonly value: string }[] }>(...robot);
  for (const host of [first, second]) {
    const client = new RegistryClient(server, { ...ci, host });
    await client.pushImage('app', 'v1', { layer: randomBytes(100) });
  }
  return { server, ci, other, robot: { user: 'robot', password: passwords[0]?.value ?? '' } };
}

const pull = (server: ServerProcess, bearer: string, host: string): Promise<Reply> =>
  new RegistryClient(server, { bearer, host }).get('/v2/app/manifests/v1');
const isRefused = ({ status }: Reply): boolean => status === 401;

/** The same payload with the given changes, under the given header, with the given signature. */
function forge(token: string, { header, claims = {} }: { header?: object; claims?: object }): string {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const decoded = (part: string): object => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const newHead = header === undefined ? head : encoded({ ...decoded(head), ...header });
  return [newHead, encoded({ ...decoded(payload), ...claims }), header === undefined ? signature : ''].join(
    '.',
  );
}

/** True for each game that the server wins. */
async function play({ server, ci, other, robot }: Scene): Promise<Record<string, boolean>> {
  const client = new RegistryClient(server, { ...ci, host: first });
  const token = await client.token('repository:app:pull', first);
  expectStatus(await pull(server, token, first), 200);
  const far = Math.floor(Date.now() / 1000) + 10 ** 6;
  const results: Record<string, boolean> = {
    'a token of another registry': isRefused(await pull(server, token, second)),
    'a token without a signature': isRefused(
      await pull(server, forge(token, { header: { alg: 'none' } }), first),
    ),
    'a token whose claims were changed': isRefused(
      await pull(server, forge(token, { claims: { exp: far } }), first),
    ),
    'a mount from a repository that is not readable': await mountsNothing(server, robot),
    'an upload of another identity': await uploadIsTaken(
      client,
      new RegistryClient(server, { ...other, host: first }),
    ),
    'a token for a repository that was made again': await tokenOutlivesRepository(server, client),
  };
  await operateJson(server, 'registry', 'set', 'cerulean', '--role-assignment-mode', 'rbac-abac');
  await operateJson(server, 'registry', 'set', 'cerulean', '--role-assignment-mode', 'rbac');
  results['a token from before another role assignment mode'] = isRefused(await pull(server, token, first));
  return results;
}

async function mountsNothing(server: ServerProcess, robot: Login): Promise<boolean> {
  const bytes = randomBytes(100);
  expectStatus(await adminOf(server).putBlob('hidden', bytes), 201);
  const mount = `/v2/app/blobs/uploads/?mount=${sha256(bytes)}&from=hidden`;
  const reply = await new RegistryClient(server, { ...robot, host: first }).call(mount, { method: 'POST' });
  return reply.status !== 201;
}

async function uploadIsTaken(owner: RegistryClient, thief: RegistryClient): Promise<boolean> {
  const upload = await owner.startUpload('app');
  expectStatus(await owner.patch(upload, Buffer.from('mine')), 202);
  const replies = [await thief.get(upload), await thief.patch(upload, Buffer.from('not mine'))];
  return replies.every(({ status }) => status === 404);
}

async function tokenOutlivesRepository(server: ServerProcess, client: RegistryClient): Promise<boolean> {
  const admin = adminOf(server);
  expectStatus(await client.putBlob('again', 'one'), 201);
  const bearer = await client.token('repository:again:pull', first);
  const old = new RegistryClient(server, { bearer, host: first });
  expectStatus(await old.getBlob('again', sha256('one')), 200);
  expectStatus(await admin.call('/acr/v1/again', { method: 'DELETE' }), 202);
  expectStatus(await admin.putBlob('again', 'one'), 201);
  return isRefused(await old.getBlob('again', sha256('one')));
}

async function playAgainst(project?: string): Promise<Record<string, boolean>> {
  await using folder = await scratchFolder();
  await using server = await startServer({
    data: join(folder.path, 'data'),
    args: ['--workers', '2'],
    ...(project === undefined ? {} : { project }),
  });
  return await play(await setScene(server));
}

const source = 'packages/server/src';
const holes: readonly Patch[] = [
  {
    file: `${source}/identity/token-verifier.ts`,
    replace: [
      ['claims.audience === expected.loginServer && claims.registry === expected.registry', 'true'],
      ['claims.modeSince !== (expected.modeSince ?? 0)', 'false'],
    ],
  },
  {
    // The algorithm is what the token says, and the signature is looked at by nobody.
    file: `${source}/identity/system-keys.ts`,
    replace: [
      [
        'signing.find((key) => key.header === header)',
        "signing.find((key) => JSON.parse(Buffer.from(header, 'base64url').toString()).kid === key.kid)",
      ],
    ],
  },
  {
    file: `${source}/identity/open-signed-token.ts`,
    replace: [
      [
        'return parseJson((await compactVerify(token, key, { algorithms })).payload);',
        "return parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url'));",
      ],
    ],
  },
  {
    file: `${source}/registry/mount-blob.ts`,
    replace: [['sources.find((source) => mayRead(actor, request.caller, source))', 'sources[0]']],
  },
  {
    file: `${source}/registry/upload-token.ts`,
    replace: [
      ['[owner.registry, owner.repositoryName, owner.principal]', '[owner.registry, owner.repositoryName]'],
    ],
  },
  {
    // The row of an upload says once more whose it is.
    file: `${source}/registry/upload-state.ts`,
    replace: [['row.principal === upload.principal;', 'true;']],
  },
  {
    file: `${source}/storage/database/commands/uploads.ts`,
    replace: [['row.principal === upload.principal;', 'true;']],
  },
  {
    file: `${source}/identity/repository-claims.ts`,
    replace: [['since >= (deletions[at] ?? 0)', 'since >= 0 || deletions[at] === 0']],
  },
];

const games = [
  'a token of another registry',
  'a token without a signature',
  'a token whose claims were changed',
  'a mount from a repository that is not readable',
  'an upload of another identity',
  'a token for a repository that was made again',
  'a token from before another role assignment mode',
];

test('none of the games is won', async () => {
  expect(await playAgainst()).toEqual(Object.fromEntries(games.map((game) => [game, true])));
});

test('each game is won against a server that has the hole for it', async () => {
  const results = await withPatchedSource(holes, (project) => playAgainst(project));
  expect(results).toEqual(Object.fromEntries(games.map((game) => [game, false])));
});
