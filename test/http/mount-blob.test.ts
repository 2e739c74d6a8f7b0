import { expect, test } from 'vitest';
import { call, digestOf, pushBlob, tokenFor } from './client.ts';
import { startRegistry } from './start-registry.ts';
import { storedState } from './stored-state.ts';

test('a blob is mounted from a repository that has it, named or not', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'source', 'hello');
  for (const query of [`mount=${digest}&from=source`, `mount=${digest}`]) {
    const name = query.includes('from') ? 'named' : 'found';
    const reply = await call(registry, 'POST', `/v2/${name}/blobs/uploads/?${query}`);
    expect([reply.status, reply.headers.location, reply.headers['docker-content-digest']]).toEqual([
      201,
      `/v2/${name}/blobs/${digest}`,
      digest,
    ]);
    expect((await call(registry, 'GET', `/v2/${name}/blobs/${digest}`)).text).toBe('hello');
  }
});

test('what can not be mounted becomes an upload, and nothing has changed', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'source', 'hello');
  const before = await storedState(registry);
  const missing = digestOf('nobody has it');
  for (const query of [
    `mount=${missing}&from=source`,
    `mount=${missing}`,
    `mount=${digest}&from=nowhere`,
    `mount=${digest}&from=../source`,
  ]) {
    const reply = await call(registry, 'POST', `/v2/app/blobs/uploads/?${query}`);
    expect([reply.status, reply.headers.range]).toEqual([202, '0-0']);
  }
  expect(await storedState(registry)).toEqual(before);
});

test('a token that does not reach the source is asked for again, with both repositories in the scope', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'source', 'hello');
  const narrow = await tokenFor(registry, 'repository:app:pull,push');
  const path = `/v2/app/blobs/uploads/?mount=${digest}&from=source`;
  const refused = await call(registry, 'POST', path, { authorization: narrow });
  expect(refused.status).toBe(401);
  expect(refused.headers['www-authenticate']).toContain(
    'scope="repository:app:pull,push repository:source:pull",error="insufficient_scope"',
  );
  const wide = await tokenFor(registry, 'repository:app:pull,push', 'repository:source:pull');
  expect((await call(registry, 'POST', path, { authorization: wide })).status).toBe(201);
});

test('whoever comes without a token of use is asked for one that reaches both repositories', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'source', 'hello');
  const other = await tokenFor(registry, 'repository:other:pull');
  const both = 'scope="repository:app:pull,push repository:source:pull"';
  const path = `/v2/app/blobs/uploads/?mount=${digest}`;
  for (const authorization of ['', 'Bearer x', other]) {
    const refused = await call(registry, 'POST', `${path}&from=source`, { authorization });
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining(both),
    ]);
    const detail = (JSON.parse(refused.text) as { errors: { detail: unknown }[] }).errors[0]?.detail;
    expect(detail).toEqual([
      { Type: 'repository', Name: 'app', Action: 'pull' },
      { Type: 'repository', Name: 'app', Action: 'push' },
      { Type: 'repository', Name: 'source', Action: 'pull' },
    ]);
    // A source that is the target, none, or no name at all adds nothing.
    for (const from of ['&from=app', '', '&from=../source', '&from=so%22urce'])
      expect(
        (await call(registry, 'POST', path + from, { authorization })).headers['www-authenticate'],
      ).toContain('scope="repository:app:pull,push"');
  }
});

test('a narrow token can not find out what other repositories have', async () => {
  await using registry = await startRegistry();
  const stored = await pushBlob(registry, 'source', 'hello');
  const authorization = await tokenFor(registry, 'repository:app:pull,push');
  for (const digest of [stored, digestOf('nobody has it')]) {
    const reply = await call(registry, 'POST', `/v2/app/blobs/uploads/?mount=${digest}`, { authorization });
    expect(reply.status).toBe(202);
  }
  // What everybody may pull is no secret.
  await registry.set({ anonymousPull: true });
  const reply = await call(registry, 'POST', `/v2/app/blobs/uploads/?mount=${stored}`, { authorization });
  expect(reply.status).toBe(201);
});

test('nothing is mounted from one registry into another', async () => {
  await using registry = await startRegistry();
  const digest = await pushBlob(registry, 'source', 'hello');
  for (const from of ['&from=source', '']) {
    const reply = await call(registry, 'POST', `/v2/app/blobs/uploads/?mount=${digest}${from}`, {
      as: registry.other,
      headers: { host: 'another.azurecr.localhost' },
    });
    expect(reply.status).toBe(202);
  }
});
