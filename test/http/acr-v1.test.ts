import { expect, test } from 'vitest';
import {
  call,
  digestOf,
  imageManifest,
  pushBlob,
  pushImage,
  putManifest,
  type Reply,
  types,
} from './client.ts';
import { type StartedRegistry, startRegistry } from './start-registry.ts';

const jsonOf = (reply: Reply): Record<string, unknown> => JSON.parse(reply.text) as Record<string, unknown>;

/** `2021-03-30T12:18:52.4272090Z`: seven digits, as .NET writes it. */
const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
const enabled = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };
const times = { createdTime: time, lastUpdateTime: time };
const owner = { registry: 'cerulean.azurecr.localhost', imageName: 'app/web' };

const config = JSON.stringify({
  architecture: 'arm64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [] },
});
const image = { config, layers: ['layer'] };
const imageSize = config.length + 'layer'.length;

/** Walks all pages by their Link headers. */
async function walk(registry: StartedRegistry, first: string, member: string): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const reply = await call(registry, 'GET', path);
    pages.push(jsonOf(reply)[member] as unknown[]);
    path = /^<([^>]+)>; rel="next"$/.exec(String(reply.headers['link'] ?? ''))?.[1];
  }
  return pages;
}

test('a repository shows what it holds, how much, and since when, however its name is written', async () => {
  await using registry = await startRegistry();
  const { manifest } = await pushImage(registry, { name: 'app/web', tag: 'v1' }, image);
  await putManifest(registry, '/v2/app/web/manifests/v2', manifest);
  for (const path of ['/acr/v1/app/web', '/acr/v1/app%2Fweb?api-version=2021-07-01']) {
    const reply = await call(registry, 'GET', path);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(jsonOf(reply)).toEqual({
      ...owner,
      ...times,
      manifestCount: 1,
      tagCount: 2,
      size: imageSize + manifest.length,
      changeableAttributes: enabled,
    });
  }
  const unknown = await call(registry, 'GET', '/acr/v1/nowhere');
  expect([unknown.status, unknown.error?.code, unknown.error?.detail]).toEqual([
    404,
    'NAME_UNKNOWN',
    { name: 'nowhere' },
  ]);
});

test('a tag shows what it points at, and an unknown one is refused in the words of ACR', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app/web', tag: 'v1' }, image);
  const tag = { name: 'v1', digest, ...times, pullCount: 0, signed: false, changeableAttributes: enabled };
  const one = await call(registry, 'GET', '/acr/v1/app%2Fweb/_tags/v1');
  expect(jsonOf(one)).toEqual({ ...owner, tag });
  const all = await call(registry, 'GET', '/acr/v1/app/web/_tags');
  expect(jsonOf(all)).toEqual({ ...owner, tags: [tag] });
  const unknown = await call(registry, 'GET', '/acr/v1/app/web/_tags/none');
  expect([unknown.status, unknown.text]).toEqual([
    404,
    '{"errors":[{"code":"TAG_UNKNOWN","message":"the specified tag does not exist"}]}\n',
  ]);
});

test('a manifest shows its platform, its size and its tags, an index what it refers to', async () => {
  await using registry = await startRegistry();
  const { digest, manifest } = await pushImage(registry, { name: 'app/web', tag: 'v1' }, image);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [
      {
        mediaType: types.manifest,
        digest,
        size: manifest.length,
        platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
      },
    ],
  });
  const indexType = { 'content-type': types.index };
  await putManifest(registry, `/v2/app/web/manifests/${digestOf(index)}`, index, indexType);
  const shownImage = {
    digest,
    imageSize,
    ...times,
    pullCount: 0,
    architecture: 'arm64',
    os: 'linux',
    mediaType: types.manifest,
    configMediaType: types.config,
    tags: ['v1'],
    changeableAttributes: enabled,
  };
  const shownIndex = {
    digest: digestOf(index),
    imageSize,
    ...times,
    pullCount: 0,
    mediaType: types.index,
    references: [{ digest, architecture: 'arm64', os: 'linux' }],
    changeableAttributes: enabled,
  };
  for (const shown of [shownImage, shownIndex]) {
    for (const written of [shown.digest, encodeURIComponent(shown.digest)]) {
      const reply = await call(registry, 'GET', `/acr/v1/app%2Fweb/_manifests/${written}`);
      expect([reply.status, jsonOf(reply)]).toEqual([200, { ...owner, manifest: shown }]);
    }
  }
  const all = await call(registry, 'GET', '/acr/v1/app/web/_manifests');
  const inOrder = [shownImage, shownIndex].toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  expect(jsonOf(all)).toEqual({ ...owner, manifests: inOrder });
  const unknown = await call(registry, 'GET', `/acr/v1/app/web/_manifests/${digestOf('none')}`);
  expect([unknown.status, unknown.error]).toEqual([
    404,
    {
      code: 'MANIFEST_UNKNOWN',
      message: `manifest ${digestOf('none')} is not found`,
      detail: { Name: 'app/web', Revision: digestOf('none') },
    },
  ]);
});

test('the catalog comes page by page, with Links below its own path', async () => {
  await using registry = await startRegistry();
  for (const name of ['b', 'a', 'a/b']) await pushImage(registry, { name, tag: 'v1' });
  const page = await call(registry, 'GET', '/acr/v1/_catalog?n=2&last=');
  expect(jsonOf(page)).toEqual({ repositories: ['a', 'a/b'] });
  expect(page.headers['link']).toBe('</acr/v1/_catalog?last=a%2Fb&n=2>; rel="next"');
  expect(await walk(registry, '/acr/v1/_catalog?n=1', 'repositories')).toEqual([['a'], ['a/b'], ['b']]);
});

test('tags and manifests come in byte order or by time, page by page, each once', async () => {
  await using registry = await startRegistry();
  const inTime: { tag: string; digest: string }[] = [];
  for (const tag of ['b', 'a', 'd', 'c']) {
    registry.clockAheadMs += 1000;
    const { digest } = await pushImage(registry, { name: 'app', tag }, { more: { annotations: { tag } } });
    inTime.push({ tag, digest });
  }
  const tags = inTime.map((pushed) => pushed.tag);
  const digests = inTime.map((pushed) => pushed.digest);
  const lists = [
    ['', tags.toSorted(), digests.toSorted()],
    ['&orderby=', tags.toSorted(), digests.toSorted()],
    ['&orderby=none', tags.toSorted(), digests.toSorted()],
    ['&orderby=timeasc', tags, digests],
    ['&orderby=timedesc', tags.toReversed(), digests.toReversed()],
  ] as const;
  for (const [order, expectedTags, expectedDigests] of lists) {
    for (const n of [1, 3, 4]) {
      const tagPages = await walk(registry, `/acr/v1/app/_tags?n=${n}${order}`, 'tags');
      expect(tagPages.flat().map((tag) => (tag as { name: string }).name)).toEqual(expectedTags);
      const manifestPages = await walk(registry, `/acr/v1/app/_manifests?n=${n}${order}`, 'manifests');
      const listed = manifestPages.flat().map((manifest) => (manifest as { digest: string }).digest);
      expect(listed).toEqual(expectedDigests);
      expect(manifestPages).toHaveLength(Math.ceil(4 / n));
    }
  }
});

test('a walk by time goes on where it stood, also when its last tag was deleted or moved', async () => {
  await using registry = await startRegistry();
  for (const tag of ['a', 'b', 'c', 'd']) {
    registry.clockAheadMs += 1000;
    await pushImage(registry, { name: 'app', tag });
  }
  const names = (reply: Reply): string[] =>
    (jsonOf(reply)['tags'] as { name: string }[]).map((tag) => tag.name);
  const page = await call(registry, 'GET', '/acr/v1/app/_tags?n=2&orderby=timeasc');
  expect(names(page)).toEqual(['a', 'b']);
  const link = /^<([^>]+)>/.exec(String(page.headers['link']))?.[1] ?? '';
  await call(registry, 'DELETE', '/acr/v1/app/_tags/b');
  expect(names(await call(registry, 'GET', link))).toEqual(['c', 'd']);
  // Written by hand, the time of what is there is looked up.
  expect(names(await call(registry, 'GET', '/acr/v1/app/_tags?last=c&orderby=timeasc'))).toEqual(['d']);
  const lost = await call(registry, 'GET', '/acr/v1/app/_tags?last=b&orderby=timeasc');
  expect([lost.status, lost.error?.code]).toEqual([400, 'UNSUPPORTED']);
});

test('tags are filtered by the manifest that they point at', async () => {
  await using registry = await startRegistry();
  const { digest, manifest } = await pushImage(registry, { name: 'app', tag: 'b' });
  await putManifest(registry, '/v2/app/manifests/a', manifest);
  await pushImage(registry, { name: 'app', tag: 'else' }, image);
  const filter = encodeURIComponent(digest);
  const pages = await walk(registry, `/acr/v1/app/_tags?n=1&digest=${filter}`, 'tags');
  expect(pages.map((page) => page.map((tag) => (tag as { name: string }).name))).toEqual([['a'], ['b']]);
});

test.each([
  ['/acr/v1/app/_tags?orderby=size', 400, 'UNSUPPORTED'],
  ['/acr/v1/app/_tags?orderby=constructor', 400, 'UNSUPPORTED'],
  ['/acr/v1/app/_tags?n=-1', 400, 'PAGINATION_NUMBER_INVALID'],
  ['/acr/v1/app/_tags?digest=latest', 400, 'DIGEST_INVALID'],
  ['/acr/v1/app/_tags/-bad', 400, 'TAG_INVALID'],
  ['/acr/v1/app/_manifests/latest', 400, 'DIGEST_INVALID'],
  ['/acr/v1/UPPER', 400, 'NAME_INVALID'],
  ['/acr/v1/app%252Fweb', 400, 'NAME_INVALID'],
  ['/acr/v1/app/_streaming', 404, 'UNSUPPORTED'],
] as const)('%s is answered with %i', async (path, status, code) => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const reply = await call(registry, 'GET', path);
  expect([reply.status, reply.error?.code]).toEqual([status, code]);
});

test('a method that a path does not have is told which there are', async () => {
  await using registry = await startRegistry();
  const reply = await call(registry, 'PUT', '/acr/v1/app/_tags/v1');
  expect([reply.status, reply.headers['allow']]).toEqual([405, 'GET, PATCH, DELETE']);
});

test('untagging leaves the manifest, and says what the tag pointed at', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  const untagged = await call(registry, 'DELETE', '/acr/v1/app/_tags/v1');
  expect([untagged.status, untagged.text]).toEqual([202, '']);
  expect(untagged.headers['x-ms-int-docker-content-digest']).toBe(digest);
  expect((await call(registry, 'GET', `/v2/app/manifests/${digest}`)).status).toBe(200);
  const shown = jsonOf(await call(registry, 'GET', `/acr/v1/app/_manifests/${digest}`))['manifest'];
  expect(shown).not.toHaveProperty('tags');
  expect((await call(registry, 'DELETE', '/acr/v1/app/_tags/v1')).error?.code).toBe('TAG_UNKNOWN');
});

test('deleting a manifest takes its tags along', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  const path = `/acr/v1/app/_manifests/${encodeURIComponent(digest)}`;
  expect((await call(registry, 'DELETE', path)).status).toBe(202);
  expect(jsonOf(await call(registry, 'GET', '/acr/v1/app/_tags'))['tags']).toEqual([]);
  expect((await call(registry, 'DELETE', path)).status).toBe(404);
});

test('a deleted repository is gone from every surface, and tells what went with it', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app/web', tag: 'v1' }, image);
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const deleted = await call(registry, 'DELETE', '/acr/v1/app%2Fweb');
  expect([deleted.status, jsonOf(deleted)]).toEqual([
    202,
    { manifestsDeleted: [digest], tagsDeleted: ['v1'] },
  ]);
  const gone = [
    '/v2/app/web/manifests/v1',
    `/v2/app/web/blobs/${digestOf('layer')}`,
    '/v2/app/web/tags/list',
    '/acr/v1/app/web',
    '/acr/v1/app/web/_manifests',
  ];
  for (const path of gone) {
    const reply = await call(registry, 'GET', path);
    expect([path, reply.status, reply.error?.code]).toEqual([path, 404, 'NAME_UNKNOWN']);
  }
  expect(jsonOf(await call(registry, 'GET', '/v2/_catalog'))).toEqual({ repositories: ['app'] });
  expect((await call(registry, 'DELETE', '/acr/v1/app/web')).status).toBe(404);
});

test('what az asks of soft delete is told that it is off', async () => {
  await using registry = await startRegistry();
  const asked = [
    ['GET', '/acr/v1/_deleted/_catalog'],
    ['GET', '/acr/v1/_deleted/app/web/_manifests'],
    ['GET', '/acr/v1/_deleted/app/web/_tags'],
    ['POST', `/acr/v1/_deleted/app/web/_manifests/${digestOf('x')}?force=True`],
  ] as const;
  for (const [method, path] of asked) {
    const reply = await call(registry, method, path);
    expect([path, reply.status, reply.error?.message]).toEqual([
      path,
      405,
      'Soft delete is off in this registry: what is deleted is not kept.',
    ]);
  }
});

test('pulls are counted without a write, and shown once they are recorded', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  for (let pull = 0; pull < 3; pull += 1) await call(registry, 'GET', '/v2/app/manifests/v1');
  await call(registry, 'GET', `/v2/app/manifests/${digest}`);
  // How containerd pulls: it resolves the tag, then gets the manifest by its digest.
  await call(registry, 'HEAD', '/v2/app/manifests/v1');
  await call(registry, 'HEAD', `/v2/app/manifests/${digest}`);
  await call(registry, 'GET', '/v2/app/manifests/none');
  const manifest = async () =>
    jsonOf(await call(registry, 'GET', `/acr/v1/app/_manifests/${digest}`))['manifest'];
  const tag = async () => jsonOf(await call(registry, 'GET', '/acr/v1/app/_tags/v1'))['tag'];
  expect(await manifest()).toMatchObject({ pullCount: 0 });
  // A shutdown records what was counted.
  await registry.restart();
  expect(await manifest()).toMatchObject({ pullCount: 4, lastPullTime: time });
  expect(await tag()).toMatchObject({ pullCount: 4, lastPullTime: time });
});

test('a manifest that comes again is not new: it keeps the time of its creation', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const path = `/v2/app/manifests/${digestOf(imageManifest({}))}`;
  await putManifest(registry, path, imageManifest({}));
  const shown = async () =>
    jsonOf(await call(registry, 'GET', `/acr/v1/app/_manifests/${digestOf(imageManifest({}))}`))[
      'manifest'
    ] as { createdTime: string; lastUpdateTime: string };
  const before = await shown();
  registry.clockAheadMs += 60_000;
  await putManifest(registry, path, imageManifest({}));
  const after = await shown();
  expect(after.createdTime).toBe(before.createdTime);
  expect(after.lastUpdateTime > before.lastUpdateTime).toBe(true);
});
