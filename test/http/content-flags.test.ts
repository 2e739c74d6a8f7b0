import { expect, test } from 'vitest';
import {
  call,
  digestOf,
  imageManifest,
  pushBlob,
  pushImage,
  putManifest,
  type Reply,
  startUpload,
  types,
} from './client.ts';
import { type StartedRegistry, startRegistry } from './start-registry.ts';

/** ACR's 405, to the letter. */
const disallowed = {
  code: 'REGISTRY_DISALLOWED_OPERATION',
  message:
    'The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation',
  detail: {},
};

const jsonOf = (reply: Reply): Record<string, unknown> => JSON.parse(reply.text) as Record<string, unknown>;

function patch(registry: StartedRegistry, path: string, change: unknown): Promise<Reply> {
  const headers = { 'content-type': 'application/json' };
  return call(registry, 'PATCH', `/acr/v1/${path}`, { body: JSON.stringify(change), headers });
}

async function refused(reply: Promise<Reply>): Promise<void> {
  const { status, error } = await reply;
  expect([status, error]).toEqual([405, disallowed]);
}

test('a PATCH changes the flags that it names, and shows all', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app/web', tag: 'v1' });
  const paths = [
    ['app%2Fweb', undefined],
    ['app/web/_tags/v1', 'tag'],
    [`app%2Fweb/_manifests/${encodeURIComponent(digest)}`, 'manifest'],
  ] as const;
  for (const [path, member] of paths) {
    const flags = async (reply: Reply) => {
      expect(reply.status).toBe(200);
      const body = jsonOf(reply);
      const shown = (member === undefined ? body : body[member]) as Record<string, unknown>;
      return shown['changeableAttributes'];
    };
    const off = { deleteEnabled: false, writeEnabled: true, readEnabled: true, listEnabled: false };
    expect(await flags(await patch(registry, path, { deleteEnabled: false, listEnabled: false }))).toEqual(
      off,
    );
    expect(await flags(await patch(registry, path, { readEnabled: null, teleportEnabled: true }))).toEqual(
      off,
    );
    expect(await flags(await call(registry, 'GET', `/acr/v1/${path}`))).toEqual(off);
    const on = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };
    expect(await flags(await patch(registry, path, on))).toEqual(on);
  }
});

test.each([
  ['{"writeEnabled":"false"}', 'writeEnabled must be true or false.'],
  ['{"quarantineState":"Passed"}', "This registry has no quarantine: quarantineState can't be set."],
  ['[]', 'The body must be a JSON object with the attributes to change.'],
  ['', 'The body must be a JSON object with the attributes to change.'],
  [`{"a":"${'x'.repeat(5000)}"}`, 'The body may have at most 4096 bytes.'],
])('the body %s changes nothing', async (body, message) => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const reply = await call(registry, 'PATCH', '/acr/v1/app/_tags/v1', { body });
  expect([reply.status, reply.error?.message]).toEqual([400, message]);
});

test('what is not there has no flags to change', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const codes = [];
  for (const path of ['nowhere', 'app/_tags/none', `app/_manifests/${digestOf('none')}`])
    for (const change of [{ readEnabled: false }, {}])
      codes.push((await patch(registry, path, change)).error?.code);
  const expected = 'NAME_UNKNOWN NAME_UNKNOWN TAG_UNKNOWN TAG_UNKNOWN MANIFEST_UNKNOWN MANIFEST_UNKNOWN';
  expect(codes.join(' ')).toBe(expected);
});

test('a repository that may not be read gives nothing away, by either way of a pull', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' }, { layers: ['layer'] });
  const layer = `/v2/app/blobs/${digestOf('layer')}`;
  // Once read, so that the thread remembers all of it.
  for (const path of ['/v2/app/manifests/v1', layer])
    expect((await call(registry, 'GET', path)).status).toBe(200);
  await patch(registry, 'app', { readEnabled: false });
  for (const path of ['/v2/app/manifests/v1', `/v2/app/manifests/${digest}`, layer]) {
    await refused(call(registry, 'GET', path));
    expect((await call(registry, 'HEAD', path)).status).toBe(405);
  }
  await refused(call(registry, 'GET', `/v2/app/referrers/${digest}`));
  // Nor through another repository: what can't be mounted becomes an upload.
  for (const from of ['', '&from=app']) {
    const mount = `/v2/else/blobs/uploads/?mount=${digestOf('layer')}${from}`;
    expect((await call(registry, 'POST', mount)).status).toBe(202);
  }
  expect((await call(registry, 'GET', '/v2/app/tags/list')).status).toBe(200);
  expect((await pushImage(registry, { name: 'app', tag: 'v2' })).digest).toBeTruthy();
  await patch(registry, 'app', { readEnabled: true });
  expect((await call(registry, 'GET', layer)).status).toBe(200);
});

test('a tag that may not be read keeps from pulling by it, and a manifest from pulling it at all', async () => {
  await using registry = await startRegistry();
  const { digest, manifest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  await putManifest(registry, '/v2/app/manifests/v2', manifest);
  await patch(registry, 'app/_tags/v1', { readEnabled: false });
  await refused(call(registry, 'GET', '/v2/app/manifests/v1'));
  for (const reference of ['v2', digest])
    expect((await call(registry, 'GET', `/v2/app/manifests/${reference}`)).status).toBe(200);
  await patch(registry, 'app/_tags/v1', { readEnabled: true });
  await patch(registry, `app/_manifests/${digest}`, { readEnabled: false });
  for (const reference of ['v1', 'v2', digest])
    await refused(call(registry, 'GET', `/v2/app/manifests/${reference}`));
});

test('to a repository that may not be written nothing is pushed, begun, mounted, tagged or deleted', async () => {
  await using registry = await startRegistry();
  const { digest, manifest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  await pushBlob(registry, 'else', 'spare');
  const begun = await startUpload(registry, 'app');
  await patch(registry, 'app', { writeEnabled: false });
  const uploads = '/v2/app/blobs/uploads/';
  await refused(call(registry, 'POST', uploads));
  await refused(call(registry, 'POST', `${uploads}?digest=${digestOf('x')}`, { body: 'x' }));
  await refused(call(registry, 'POST', `${uploads}?mount=${digestOf('spare')}&from=else`));
  await refused(call(registry, 'PUT', `${begun}&digest=${digestOf('x')}`, { body: 'x' }));
  for (const reference of ['v1', 'v2', digest])
    await refused(putManifest(registry, `/v2/app/manifests/${reference}`, manifest));
  for (const path of ['manifests/v1', `manifests/${digest}`, `blobs/${digestOf('{}')}`])
    await refused(call(registry, 'DELETE', `/v2/app/${path}`));
  for (const path of ['app', 'app/_tags/v1', `app/_manifests/${digest}`])
    await refused(call(registry, 'DELETE', `/acr/v1/${path}`));
  expect((await call(registry, 'GET', '/v2/app/manifests/v1')).status).toBe(200);
  await patch(registry, 'app', { writeEnabled: true });
  expect((await putManifest(registry, '/v2/app/manifests/v2', manifest)).status).toBe(201);
});

test('a locked tag stays where it points, and keeps its manifest and its repository', async () => {
  await using registry = await startRegistry();
  const { digest, manifest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  await pushBlob(registry, 'app', 'layer');
  const other = imageManifest({ layers: ['layer'] });
  await patch(registry, 'app/_tags/v1', { writeEnabled: false });
  await refused(putManifest(registry, '/v2/app/manifests/v1', other));
  await refused(putManifest(registry, `/v2/app/manifests/${digest}?tag=v1`, manifest));
  for (const path of ['/v2/app/manifests/v1', `/v2/app/manifests/${digest}`, '/acr/v1/app'])
    await refused(call(registry, 'DELETE', path));
  expect((await putManifest(registry, '/v2/app/manifests/v2', other)).status).toBe(201);
  // Not to be deleted, but to be moved.
  await patch(registry, 'app/_tags/v1', { writeEnabled: true, deleteEnabled: false });
  await refused(call(registry, 'DELETE', '/acr/v1/app/_tags/v1'));
  expect((await putManifest(registry, '/v2/app/manifests/v1', other)).status).toBe(201);
});

test('a repository that may not be deleted loses single images all the same', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  await patch(registry, 'app', { deleteEnabled: false });
  await refused(call(registry, 'DELETE', '/acr/v1/app'));
  expect((await call(registry, 'DELETE', '/acr/v1/app/_tags/v1')).status).toBe(202);
  expect((await call(registry, 'DELETE', `/v2/app/manifests/${digest}`)).status).toBe(202);
});

test('what is not listed is in no list of any surface, and is found by its name', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  await pushImage(registry, { name: 'hidden', tag: 'v1' });
  const subject = { mediaType: types.manifest, digest, size: 1 };
  const referrer = imageManifest({ more: { subject } });
  await putManifest(registry, `/v2/app/manifests/${digestOf(referrer)}`, referrer);
  const off = { listEnabled: false };
  const lists = async () => {
    const texts = [];
    for (const path of [
      '/v2/_catalog',
      '/acr/v1/_catalog',
      '/v2/app/tags/list',
      '/acr/v1/app/_tags',
      '/acr/v1/app/_manifests',
      `/v2/app/referrers/${digest}`,
    ])
      texts.push((await call(registry, 'GET', path)).text);
    return texts;
  };
  const names = ['"hidden"', '"hidden"', '"v1"', '"v1"', digestOf(referrer), digestOf(referrer)];
  expect((await lists()).map((text, at) => text.includes(names[at] ?? ''))).toEqual(Array(6).fill(true));
  await patch(registry, 'hidden', off);
  await patch(registry, 'app/_tags/v1', off);
  await patch(registry, `app/_manifests/${digestOf(referrer)}`, off);
  expect((await lists()).map((text, at) => text.includes(names[at] ?? ''))).toEqual(Array(6).fill(false));
  for (const path of [
    '/v2/hidden/manifests/v1',
    '/v2/app/manifests/v1',
    '/acr/v1/hidden',
    '/acr/v1/app/_tags/v1',
    `/acr/v1/app/_manifests/${digestOf(referrer)}`,
  ])
    expect([path, (await call(registry, 'GET', path)).status]).toEqual([path, 200]);
  // Who cleans up takes a manifest without tags for one that nobody needs: so its tags are named here all the same.
  const shown = jsonOf(await call(registry, 'GET', `/acr/v1/app/_manifests/${digest}`))['manifest'];
  expect(shown).toMatchObject({ tags: ['v1'] });
});
