import { expect, test } from 'vitest';
import { call, digestOf, imageManifest, pushBlob, pushImage, putManifest, types } from './client.ts';
import { type StartedRegistry, startRegistry } from './start-registry.ts';

/** Walks all pages by their Link headers. */
async function walk(registry: StartedRegistry, first: string, member: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const reply = await call(registry, 'GET', path);
    pages.push((JSON.parse(reply.text) as Record<string, string[]>)[member] ?? []);
    path = /^<([^>]+)>; rel="next"$/.exec(String(reply.headers['link'] ?? ''))?.[1];
  }
  return pages;
}

async function withTags(registry: StartedRegistry, tags: readonly string[]): Promise<void> {
  await pushBlob(registry, 'app/web', '{}');
  for (const tag of tags) await putManifest(registry, `/v2/app/web/manifests/${tag}`, imageManifest({}));
}

test('tags come in byte order, page by page, each once', async () => {
  await using registry = await startRegistry();
  const tags = ['b', 'a', 'a-b', 'a.b', 'A', 'a_b', '1', 'ab'];
  await withTags(registry, tags);
  const inOrder = ['1', 'A', 'a', 'a-b', 'a.b', 'a_b', 'ab', 'b'];
  const all = await call(registry, 'GET', '/v2/app/web/tags/list');
  expect(JSON.parse(all.text)).toEqual({ name: 'app/web', tags: inOrder });
  expect(all.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(all.headers['link']).toBeUndefined();
  for (const n of [1, 3, 4, 8]) {
    const pages = await walk(registry, `/v2/app/web/tags/list?n=${n}`, 'tags');
    expect(pages.flat()).toEqual(inOrder);
    expect(pages).toHaveLength(Math.ceil(8 / n));
  }
  const page = await call(registry, 'GET', '/v2/app%2Fweb/tags/list?n=2&last=a');
  expect(JSON.parse(page.text)).toEqual({ name: 'app/web', tags: ['a-b', 'a.b'] });
  expect(page.headers['link']).toBe('</v2/app/web/tags/list?last=a.b&n=2>; rel="next"');
  // The last one that was seen may be gone by now.
  await call(registry, 'DELETE', '/v2/app/web/manifests/a.b');
  expect((await walk(registry, '/v2/app/web/tags/list?n=2&last=a.b', 'tags')).flat()).toEqual([
    'a_b',
    'ab',
    'b',
  ]);
});

test.each([
  ['n=0', 200, []],
  ['n=1000000000', 200, ['v1', 'v2']],
  ['n=99999999999999999999999', 200, ['v1', 'v2']],
  ['n=', 200, ['v1', 'v2']],
  ['last=zzz', 200, []],
  ['n=-1', 400, 'PAGINATION_NUMBER_INVALID'],
  ['n=abc', 400, 'PAGINATION_NUMBER_INVALID'],
  ['n=1.5', 400, 'PAGINATION_NUMBER_INVALID'],
  ['n=1e3', 400, 'PAGINATION_NUMBER_INVALID'],
] as const)('a page asked for by %s is answered with %i', async (query, status, expected) => {
  await using registry = await startRegistry();
  await withTags(registry, ['v1', 'v2']);
  const reply = await call(registry, 'GET', `/v2/app/web/tags/list?${query}`);
  expect(reply.status).toBe(status);
  expect(reply.headers['link']).toBeUndefined();
  if (status === 200) expect((JSON.parse(reply.text) as { tags: unknown }).tags).toEqual(expected);
  else expect(reply.error?.code).toBe(expected);
});

test('the catalog lists repositories that hold a manifest, in byte order', async () => {
  await using registry = await startRegistry();
  for (const name of ['b', 'a', 'a/b', 'a-b', 'a.b']) await pushImage(registry, { name, tag: 'v1' });
  await pushBlob(registry, 'only-blobs', 'x');
  const inOrder = ['a', 'a-b', 'a.b', 'a/b', 'b'];
  const all = await call(registry, 'GET', '/v2/_catalog');
  expect(JSON.parse(all.text)).toEqual({ repositories: inOrder });
  expect((await walk(registry, '/v2/_catalog?n=2', 'repositories')).flat()).toEqual(inOrder);
  const page = await call(registry, 'GET', '/v2/_catalog?n=3');
  expect(page.headers['link']).toBe('</v2/_catalog?last=a.b&n=3>; rel="next"');
});

test('tags of a repository that is not there are 404, of one without tags an empty list', async () => {
  await using registry = await startRegistry();
  const unknown = await call(registry, 'GET', '/v2/nowhere/tags/list');
  expect([unknown.status, unknown.error?.code]).toEqual([404, 'NAME_UNKNOWN']);
  await pushBlob(registry, 'app', '{}');
  await putManifest(registry, `/v2/app/manifests/${digestOf(imageManifest({}))}`, imageManifest({}));
  const none = await call(registry, 'GET', '/v2/app/tags/list');
  expect([none.status, JSON.parse(none.text)]).toEqual([200, { name: 'app', tags: [] }]);
});

test('referrers are listed with artifact type and annotations, filtered and page by page', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  const subject = { mediaType: types.manifest, digest, size: 1 };
  const pushed = new Map<string, Record<string, unknown>>();
  for (let at = 0; at < 5; at += 1) {
    const artifactType = at % 2 === 0 ? 'application/vnd.example.sbom' : undefined;
    const annotations = { at: `${at}` };
    const manifest = imageManifest({ more: { subject, annotations, ...(artifactType && { artifactType }) } });
    await putManifest(registry, `/v2/app/manifests/${digestOf(manifest)}`, manifest);
    pushed.set(digestOf(manifest), {
      mediaType: types.manifest,
      digest: digestOf(manifest),
      size: manifest.length,
      artifactType: artifactType ?? types.config,
      annotations,
    });
  }
  const inOrder = [...pushed.keys()].toSorted().map((key) => pushed.get(key));
  const all = await call(registry, 'GET', `/v2/app/referrers/${digest}`);
  expect(all.headers['content-type']).toBe(types.index);
  expect(JSON.parse(all.text)).toEqual({ schemaVersion: 2, mediaType: types.index, manifests: inOrder });
  const filter = encodeURIComponent('application/vnd.example.sbom');
  const some = await call(registry, 'GET', `/v2/app/referrers/${digest}?artifactType=${filter}&n=2`);
  expect(some.headers['oci-filters-applied']).toBe('artifactType');
  const link = /^<([^>]+)>; rel="next"$/.exec(String(some.headers['link']))?.[1] ?? '';
  const rest = await call(registry, 'GET', link);
  const listed = [some, rest].flatMap(
    (reply) => (JSON.parse(reply.text) as { manifests: unknown[] }).manifests,
  );
  expect(listed).toEqual(
    inOrder.filter((entry) => entry?.['artifactType'] === 'application/vnd.example.sbom'),
  );
  expect(rest.headers['link']).toBeUndefined();
});

test('a subject without referrers has an empty list, also in a repository that is not there', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  for (const name of ['app', 'nowhere']) {
    const reply = await call(registry, 'GET', `/v2/${name}/referrers/${digestOf('x')}`);
    expect([reply.status, JSON.parse(reply.text)]).toEqual([
      200,
      { schemaVersion: 2, mediaType: types.index, manifests: [] },
    ]);
  }
});
