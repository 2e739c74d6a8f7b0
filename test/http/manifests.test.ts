import { expect, test } from 'vitest';
import { call, digestOf, imageManifest, pushBlob, pushImage, putManifest, types } from './client.ts';
import { startRegistry } from './start-registry.ts';
import { storedState } from './stored-state.ts';

test('a manifest comes back by tag and by digest, byte for byte', async () => {
  await using registry = await startRegistry();
  const config = JSON.stringify({ architecture: 'arm64', os: 'linux', config: { Labels: { team: 'web' } } });
  await pushBlob(registry, 'app/web', config);
  await pushBlob(registry, 'app/web', 'layer');
  const manifest = `  ${imageManifest({ config, layers: ['layer'] })}\n`;
  const put = await putManifest(registry, '/v2/app/web/manifests/v1', manifest);
  const digest = digestOf(manifest);
  expect([put.status, put.headers.location, put.headers['docker-content-digest']]).toEqual([
    201,
    `/v2/app/web/manifests/${digest}`,
    digest,
  ]);
  for (const path of [
    '/v2/app/web/manifests/v1',
    `/v2/app/web/manifests/${digest}`,
    `/v2/app%2Fweb/manifests/${encodeURIComponent(digest)}`,
  ]) {
    const got = await call(registry, 'GET', path, { headers: { accept: 'text/html', range: 'bytes=0-' } });
    expect([got.status, got.text]).toEqual([200, manifest]);
    expect(got.headers).toMatchObject({
      'content-type': types.manifest,
      'content-length': String(manifest.length),
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    });
    const head = await call(registry, 'HEAD', path);
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
      200,
      0,
      String(manifest.length),
    ]);
  }
  const known = await call(registry, 'GET', '/v2/app/web/manifests/v1', {
    headers: { 'if-none-match': `W/"${digest}"` },
  });
  expect([known.status, known.body.length, known.headers['docker-content-digest']]).toEqual([304, 0, digest]);
  await registry.restart();
  expect((await call(registry, 'GET', '/v2/app/web/manifests/v1')).text).toBe(manifest);
});

test('a push by digest points as many tags as it names, and says which', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const manifest = imageManifest({});
  const digest = digestOf(manifest, 'sha512');
  const put = await putManifest(
    registry,
    `/v2/app/manifests/${digest}?tag=1.2.3&tag=1.2&tag=1&tag=1`,
    manifest,
  );
  expect([put.status, put.headers['oci-tag'], put.headers['docker-content-digest']]).toEqual([
    201,
    '1.2.3, 1.2, 1',
    digest,
  ]);
  for (const tag of ['1.2.3', '1.2', '1'])
    expect((await call(registry, 'GET', `/v2/app/manifests/${tag}`)).headers['docker-content-digest']).toBe(
      digest,
    );
});

test('more tags than a request may name are refused with 414, and none is pointed', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const manifest = imageManifest({});
  const before = await storedState(registry);
  const query = Array.from({ length: 101 }, (_, at) => `tag=t${at}`).join('&');
  const reply = await putManifest(registry, `/v2/app/manifests/${digestOf(manifest)}?${query}`, manifest);
  expect([reply.status, reply.error?.code]).toEqual([414, 'TAG_INVALID']);
  const beside = await putManifest(registry, '/v2/app/manifests/v1?tag=v2', manifest);
  expect([beside.status, beside.error?.code]).toEqual([400, 'UNSUPPORTED']);
  expect(await storedState(registry)).toEqual(before);
});

test('a manifest whose parts are missing is refused, naming them all; a sparse registry lets it in', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const before = await storedState(registry);
  const manifest = imageManifest({ layers: ['one', 'two'] });
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [{ mediaType: types.manifest, digest: digestOf('gone'), size: 4 }],
  });
  const image = await putManifest(registry, '/v2/app/manifests/v1', manifest);
  expect([image.status, image.error?.code]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
  expect(image.error?.detail).toMatchObject([{ digest: digestOf('one') }, { digest: digestOf('two') }]);
  const list = await putManifest(registry, '/v2/app/manifests/all', index, { 'content-type': types.index });
  expect([list.status, list.error?.code]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
  expect(list.error?.detail).toMatchObject([{ digest: digestOf('gone'), kind: 'manifest' }]);
  expect(await storedState(registry)).toEqual(before);
  await registry.set({ sparseManifests: true });
  expect((await putManifest(registry, '/v2/app/manifests/v1', manifest)).status).toBe(201);
});

test('layers that are not distributable need not be there, and the pusher is warned', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
    digest: digestOf('elsewhere'),
    size: 9,
  };
  const manifest = imageManifest({ more: { layers: [layer] } });
  const reply = await putManifest(registry, '/v2/app/manifests/v1', manifest);
  expect([reply.status, reply.headers['warning']]).toEqual([201, expect.stringMatching(/^299 - "[^"]+"$/)]);
});

test('a subject is acknowledged, also one that is not there', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const subject = { mediaType: types.manifest, digest: digestOf('later'), size: 5 };
  const reply = await putManifest(registry, '/v2/app/manifests/v1', imageManifest({ more: { subject } }));
  expect([reply.status, reply.headers['oci-subject']]).toEqual([201, subject.digest]);
});

test('deleting a tag leaves the manifest; deleting the manifest takes its tags along', async () => {
  await using registry = await startRegistry();
  const { digest, manifest } = await pushImage(registry, { name: 'app', tag: 'v1' });
  await putManifest(registry, '/v2/app/manifests/v2', manifest);
  await putManifest(registry, '/v2/app/manifests/v3', manifest);
  expect((await call(registry, 'DELETE', '/v2/app/manifests/v1')).status).toBe(202);
  const gone = await call(registry, 'GET', '/v2/app/manifests/v1');
  expect([gone.status, gone.error]).toEqual([
    404,
    { code: 'MANIFEST_UNKNOWN', message: 'manifest tagged by "v1" is not found', detail: { Tag: 'v1' } },
  ]);
  expect((await call(registry, 'GET', `/v2/app/manifests/${digest}`)).status).toBe(200);
  expect((await call(registry, 'DELETE', `/v2/app/manifests/${digest}`)).status).toBe(202);
  for (const reference of [digest, 'v2', 'v3'])
    expect((await call(registry, 'GET', `/v2/app/manifests/${reference}`)).status).toBe(404);
  const again = await call(registry, 'DELETE', `/v2/app/manifests/${digest}`);
  expect([again.status, again.error?.code]).toEqual([404, 'MANIFEST_UNKNOWN']);
  const tag = await call(registry, 'DELETE', '/v2/app/manifests/v1');
  expect([tag.status, tag.error]).toEqual([
    404,
    { code: 'TAG_UNKNOWN', message: 'the specified tag does not exist' },
  ]);
});

test('what a manifest needs is not deleted from under it', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'app', tag: 'v1' }, { layers: ['layer'] });
  const before = await storedState(registry);
  const reply = await call(registry, 'DELETE', `/v2/app/blobs/${digestOf('layer')}`);
  expect([reply.status, reply.error?.code]).toEqual([409, 'DENIED']);
  expect(reply.error?.message).toContain(digest);
  expect(await storedState(registry)).toEqual(before);
});

test('two writers can not overwrite each other unknowingly', async () => {
  await using registry = await startRegistry();
  const first = await pushImage(registry, { name: 'app', tag: 'v1' });
  await pushBlob(registry, 'app', 'layer');
  const second = imageManifest({ layers: ['layer'] });
  const path = '/v2/app/manifests/v1';
  const before = await storedState(registry);
  const refused: [string, string, Record<string, string>][] = [
    ['PUT', path, { 'if-none-match': '*' }],
    ['PUT', path, { 'if-match': `"${digestOf(second)}"` }],
    ['PUT', path, { 'if-match': `W/"${first.digest}"` }],
    ['PUT', '/v2/app/manifests/new', { 'if-match': '*' }],
    ['PUT', `/v2/app/manifests/${digestOf(second)}?tag=new&tag=v1`, { 'if-none-match': '*' }],
    ['PUT', `/v2/app/manifests/${digestOf(second)}`, { 'if-match': '*' }],
    ['DELETE', path, { 'if-match': `"${digestOf(second)}"` }],
    ['DELETE', '/v2/app/manifests/none', { 'if-match': '*' }],
  ];
  for (const [method, target, headers] of refused) {
    const body = method === 'PUT' ? { body: second } : {};
    const reply = await call(registry, method, target, {
      ...body,
      headers: { 'content-type': types.manifest, ...headers },
    });
    expect([target, reply.status, reply.error?.code]).toEqual([target, 412, 'PRECONDITION_FAILED']);
  }
  expect(await storedState(registry)).toEqual(before);
  for (const headers of [
    { 'if-match': first.digest },
    { 'if-match': '"a" "b"' },
    { 'if-none-match': `"${first.digest}"` },
  ]) {
    const reply = await putManifest(registry, path, second, headers as Record<string, string>);
    expect(reply.status).toBe(400);
  }
  expect(await storedState(registry)).toEqual(before);
  const moved = await putManifest(registry, path, second, { 'if-match': `"other", "${first.digest}"` });
  expect(moved.status).toBe(201);
  const made = await putManifest(registry, '/v2/app/manifests/new', second, { 'if-none-match': '*' });
  expect(made.status).toBe(201);
  const removed = await call(registry, 'DELETE', path, { headers: { 'if-match': `"${digestOf(second)}"` } });
  expect(removed.status).toBe(202);
});

test('of many who create one tag at the same time exactly one does', async () => {
  await using registry = await startRegistry();
  await pushBlob(registry, 'app', '{}');
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      putManifest(
        registry,
        '/v2/app/manifests/v1',
        imageManifest({ more: { annotations: { at: `${at}` } } }),
        {
          'if-none-match': '*',
        },
      ),
    ),
  );
  expect(replies.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([
    201,
    ...Array<number>(7).fill(412),
  ]);
});

test('a manifest belongs to the repository that it was pushed to', async () => {
  await using registry = await startRegistry();
  const { digest } = await pushImage(registry, { name: 'mine', tag: 'v1' });
  await pushImage(registry, { name: 'theirs', tag: 'v1' }, { config: '{"a":1}' });
  const reply = await call(registry, 'GET', `/v2/theirs/manifests/${digest}`);
  expect([reply.status, reply.error]).toEqual([
    404,
    {
      code: 'MANIFEST_UNKNOWN',
      message: `manifest ${digest} is not found`,
      detail: { Name: 'theirs', Revision: digest },
    },
  ]);
  const unknown = await call(registry, 'GET', '/v2/nowhere/manifests/v1');
  expect([unknown.status, unknown.error]).toEqual([
    404,
    { code: 'NAME_UNKNOWN', message: 'repository name not known to registry', detail: { name: 'nowhere' } },
  ]);
});

test('the namespace header is given for our own host only', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const own = await call(registry, 'GET', `/v2/app/manifests/v1?ns=127.0.0.1:${registry.port}`);
  expect([own.status, own.headers['oci-namespace']]).toEqual([200, `127.0.0.1:${registry.port}`]);
  const foreign = await call(registry, 'GET', '/v2/app/manifests/v1?ns=docker.io');
  expect([foreign.status, foreign.headers['oci-namespace']]).toEqual([200, undefined]);
});
