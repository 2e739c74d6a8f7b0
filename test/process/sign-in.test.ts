/** Users with passwords, from the operator's command to a pull; and that a refresh token is good once. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import './patient-tests.ts';
import { call, type Reply } from './http-call.ts';
import { operate, operateJson } from './operator.ts';
import { type Patch, withPatchedSource } from './patched-source.ts';
import { adminOf, RegistryClient } from './registry-client.ts';
import { scratchFolder } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const client = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const scope = 'https://containerregistry.azure.net/.default openid profile offline_access';

interface Signed {
  readonly server: ServerProcess;
  readonly folder: string;
  readonly password: string;
}

/** A server with two threads and a user who may pull. */
async function withUser<Result>(
  project: string | undefined,
  run: (signed: Signed) => Promise<Result>,
): Promise<Result> {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  const from = project === undefined ? {} : { project };
  await using server = await startServer({ data, args: ['--workers', '2'], ...from });
  await adminOf(server).pushImage('app', 'v1', { layer: randomBytes(1000) });
  await operateJson(server, 'principal', 'create', 'ann', '--type', 'user');
  await operateJson(server, 'role-assignment', 'create', 'ann', 'AcrPull', '--registry', 'cerulean');
  const { value: password } = await operateJson<{ value: string }>(server, 'password', 'set', 'ann');
  return await run({ server, folder: folder.path, password });
}

const ask = (server: ServerProcess, form: Record<string, string>): Promise<Reply> =>
  call({
    url: `${server.url}/organizations/oauth2/v2.0/token`,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: client, scope, ...form }).toString(),
  });
const signIn = (server: ServerProcess, password: string) =>
  ask(server, { grant_type: 'password', username: 'ann', password });
const refresh = (server: ServerProcess, token: string) =>
  ask(server, { grant_type: 'refresh_token', refresh_token: token });
const member = ({ text }: Reply, name: string) => (JSON.parse(text) as Record<string, string>)[name] ?? '';

test('a user pulls with what the password and the refresh tokens give, and no log has any of them', () =>
  withUser(undefined, async ({ server, folder, password }) => {
    const first = await signIn(server, password);
    expect(first.status, first.text).toBe(200);
    const second = await refresh(server, member(first, 'refresh_token'));
    expect(second.status, second.text).toBe(200);
    for (const answer of [first, second]) {
      const user = '00000000-0000-0000-0000-000000000000';
      const puller = new RegistryClient(server, { user, password: member(answer, 'access_token') });
      expect((await puller.get('/v2/app/manifests/v1')).status).toBe(200);
      expect((await puller.putBlob('app', 'bytes')).status).toBe(401);
    }
    const log = server.stdout() + server.stderr();
    for (const secret of [password, member(first, 'refresh_token'), member(second, 'refresh_token')])
      expect(log).not.toContain(secret);
    const file = join(folder, 'password');
    await writeFile(file, 'chosen by a person\nand a second line');
    const set = await operate(server, 'password', 'set', 'ann', '--file', file);
    expect([set.code, set.stdout]).toEqual([0, 'The password of ann is set.\n']);
    expect((await refresh(server, member(second, 'refresh_token'))).status).toBe(400);
    expect((await signIn(server, password)).status).toBe(400);
    expect((await signIn(server, 'chosen by a person')).status).toBe(200);
    await operateJson(server, 'password', 'delete', 'ann');
    expect((await signIn(server, 'chosen by a person')).status).toBe(400);
  }));

test('the operator is told what is wrong with a password', () =>
  withUser(undefined, async ({ server, folder }) => {
    const file = join(folder, 'password');
    await writeFile(file, 'short\n');
    const { code, stderr } = await operate(server, 'password', 'set', 'ann', '--file', file);
    expect([code, stderr]).toEqual([1, expect.stringContaining('12 to 256 characters')]);
    expect((await operate(server, 'password', 'set', 'ann', '--file', `${file}.not`)).code).toBe(2);
    await operateJson(server, 'principal', 'create', 'ci');
    const wrong = await operate(server, 'password', 'set', 'ci');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('only a user has a password')]);
  }));

test('rows of sign-ins that are over are taken away, also in a data folder of before', async () => {
  await using folder = await scratchFolder();
  const data = join(folder.path, 'data');
  {
    await using first = await startServer({ data });
    await operateJson(first, 'principal', 'create', 'ann', '--type', 'user');
    const made = await operateJson<{ value: string }>(first, 'password', 'set', 'ann');
    expect((await signIn(first, made.value)).status).toBe(200);
    await first.end();
  }
  const database = new DatabaseSync(join(data, 'cerulean.db'));
  database.exec("delete from job where kind = 'expireSignIns'");
  database.exec('update refresh_family set expires_at = 1');
  database.close();
  await using server = await startServer({ data });
  const rows = (): unknown => {
    using reading = new DatabaseSync(join(data, 'cerulean.db'), { readOnly: true });
    return reading.prepare('select count(*) as rows from refresh_family').get()?.['rows'];
  };
  await expect.poll(rows, { timeout: 30_000 }).toBe(0);
  expect(server.stderr()).toBe('');
});

describe('that a refresh token is good once', () => {
  /** Statuses of the used token long after, and of the newest behind it. */
  const attempts = (project: string | undefined) =>
    withUser(project, async ({ server, password }) => {
      const stolen = member(await signIn(server, password), 'refresh_token');
      const second = member(await refresh(server, stolen), 'refresh_token');
      const third = await refresh(server, second);
      const [reused, newest] = [
        await refresh(server, stolen),
        await refresh(server, member(third, 'refresh_token')),
      ];
      // The log comes in pieces; the last of it with the end.
      const told = (await server.end()).stdout.includes('a refresh token was used twice');
      return { reused: reused.status, newest: newest.status, told };
    });
  const right = { reused: 400, newest: 400, told: true };

  test('holds', async () => {
    expect(await attempts(undefined)).toEqual(right);
  });

  const file = 'packages/server/src/storage/database/commands/sign-ins.ts';
  const planted: { bug: string; patch: Patch; seen: typeof right }[] = [
    {
      bug: 'a used token is as good as the newest',
      patch: { file, replace: [['family.current_hash === tokenHash', 'family.current_hash !== familyHash']] },
      seen: { reused: 200, newest: 200, told: false },
    },
    {
      bug: 'a used token is refused, and the sign-in goes on',
      patch: {
        file,
        replace: [
          [
            '  await tx.run(sql.removeFamily, { id });\n  const payload = { id, principal, client,',
            '  const payload = { id, principal, client,',
          ],
        ],
      },
      seen: { reused: 400, newest: 200, told: true },
    },
  ];
  test.each(planted)('is seen to fail where $bug', async ({ patch, seen }) => {
    expect(await withPatchedSource(patch, attempts)).toEqual(seen);
  });
});
