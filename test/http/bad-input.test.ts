import { describe, expect, test } from 'vitest';
import {
  call,
  digestOf,
  imageManifest,
  pushBlob,
  pushImage,
  putManifest,
  startUpload,
  types,
} from './client.ts';
import { type StartedRegistry, startRegistry } from './start-registry.ts';
import { storedState } from './stored-state.ts';

/** A request that is refused: its status, its code, and words that help whoever sent it. */
interface Refused {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly status: number;
  readonly code: string;
  readonly helps: RegExp;
}

async function expectRefusals(registry: StartedRegistry, table: readonly Refused[]): Promise<void> {
  const before = await storedState(registry);
  for (const { what, method, path, headers, body, status, code, helps } of table) {
    const reply = await call(registry, method, path, {
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
    expect([what, reply.status, reply.error?.code]).toEqual([what, status, code]);
    expect(reply.error?.message).toMatch(helps);
    expect([what, await storedState(registry)]).toEqual([what, before]);
  }
}

const hex = 'a'.repeat(64);
const ok = `sha256:${hex}`;

test('names that are no repository names are refused on every way, and nothing has changed', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const names = [
    'App',
    'app/',
    '/app',
    'app//web',
    '..',
    'app/../web',
    'app/./web',
    '%2e%2e',
    'app%2f..%2fweb',
    'app%2F%2Fweb',
    'app%252Fweb',
    'app%255Cweb',
    'app%5Cweb',
    'app\\web',
    'app%00',
    'app%0d%0aX-Evil:1',
    'app.',
    '.app',
    'app___web',
    'app._web',
    '-app',
    'app%E2%80%8B',
    '%D0%B0pp',
    'app%',
    'app%zz',
    'app%20web',
    'app:5000',
    'a'.repeat(256),
    '',
  ];
  const targets: [string, string][] = [
    ['GET', 'manifests/v1'],
    ['HEAD', 'manifests/v1'],
    ['PUT', 'manifests/v1'],
    ['GET', `blobs/${ok}`],
    ['POST', 'blobs/uploads/'],
    ['DELETE', 'manifests/v1'],
    ['GET', 'tags/list'],
    ['GET', `referrers/${ok}`],
  ];
  const before = await storedState(registry);
  for (const name of names) {
    for (const [method, rest] of targets) {
      const reply = await call(registry, method, `/v2/${name}/${rest}`);
      const code = method === 'HEAD' ? undefined : 'NAME_INVALID';
      expect([name, method, rest, reply.status, reply.error?.code]).toEqual([name, method, rest, 400, code]);
      if (code !== undefined) expect(reply.error?.message).toContain('lower-case letters');
    }
  }
  expect(await storedState(registry)).toEqual(before);
});

test('a repository may be called like a part of a path', async () => {
  await using registry = await startRegistry();
  for (const name of ['manifests', 'blobs/uploads', 'tags/list', 'a/manifests', 'referrers/blobs', 'v2']) {
    const { manifest } = await pushImage(registry, { name, tag: 'v1' });
    expect((await call(registry, 'GET', `/v2/${name}/manifests/v1`)).text).toBe(manifest);
    expect(JSON.parse((await call(registry, 'GET', `/v2/${name}/tags/list`)).text)).toEqual({
      name,
      tags: ['v1'],
    });
  }
});

test('references and digests that are none are refused', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const body = imageManifest({});
  const manifest = { headers: { 'content-type': types.manifest }, body };
  const bad = [
    [`md5:${'a'.repeat(32)}`, /sha256 or sha512/],
    [`SHA256:${hex}`, /sha256 or sha512/],
    [`sha256:${hex.toUpperCase()}`, /lower case/],
    [`sha256:${hex}a`, /64 characters/],
    ['sha256:', /64 characters/],
    ['sha256:..%2F..%2Fetc%2Fpasswd', /64 characters/],
    [`sha256:${'z'.repeat(64)}`, /no hex digits/],
    [`sha512:${hex}`, /128 characters/],
  ] as const;
  const digests = bad.flatMap(([digest, helps]): Refused[] => {
    const refused = { what: digest, status: 400, code: 'DIGEST_INVALID', helps };
    return [
      { ...refused, method: 'GET', path: `/v2/app/blobs/${digest}` },
      { ...refused, method: 'DELETE', path: `/v2/app/blobs/${digest}` },
      { ...refused, method: 'GET', path: `/v2/app/manifests/${digest}` },
      { ...refused, ...manifest, method: 'PUT', path: `/v2/app/manifests/${digest}` },
      { ...refused, method: 'DELETE', path: `/v2/app/manifests/${digest}` },
      { ...refused, method: 'GET', path: `/v2/app/referrers/${digest}` },
      { ...refused, method: 'POST', path: `/v2/app/blobs/uploads/?digest=${digest}`, body: 'x' },
      { ...refused, method: 'POST', path: `/v2/app/blobs/uploads/?mount=${digest}&from=app` },
    ];
  });
  const tags = ['.v1', '-v1', 'v%201', 'v1%00', 'a'.repeat(129), 'v1%2F..', '%C3%A9', '%zz'].flatMap(
    (tag): Refused[] => {
      const refused = {
        what: tag,
        status: 400,
        code: 'TAG_INVALID',
        helps: /1 to 128/,
        path: `/v2/app/manifests/${tag}`,
      };
      return [
        { ...refused, method: 'GET' },
        { ...refused, ...manifest, method: 'PUT' },
        { ...refused, method: 'DELETE' },
      ];
    },
  );
  const parameter: Refused = {
    ...manifest,
    what: 'tag parameter',
    method: 'PUT',
    path: `/v2/app/manifests/${digestOf(body)}?tag=ok&tag=-bad`,
    status: 400,
    code: 'TAG_INVALID',
    helps: /1 to 128/,
  };
  await expectRefusals(registry, [...digests, ...tags, parameter]);
});

describe('manifests that are none', () => {
  const config = { mediaType: types.config, digest: digestOf('{}'), size: 2 };
  const image = { schemaVersion: 2, mediaType: types.manifest, config, layers: [] };
  const deep = `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`;
  const layers = Array.from({ length: 10_001 }, () => ({ mediaType: types.layer, digest: ok, size: 1 }));
  const table: [string, Uint8Array | string, Record<string, string>, number, string, RegExp][] = [
    ['nothing', '', {}, 400, 'MANIFEST_INVALID', /empty/],
    ['no JSON', 'hello', {}, 400, 'MANIFEST_INVALID', /JSON/],
    ['a list', '[]', {}, 400, 'MANIFEST_INVALID', /object/],
    ['a byte order mark', `\uFEFF${JSON.stringify(image)}`, {}, 400, 'MANIFEST_INVALID', /./],
    ['text behind it', `${JSON.stringify(image)}{}`, {}, 400, 'MANIFEST_INVALID', /./],
    [
      'a key twice',
      JSON.stringify(image).replace('{', '{"schemaVersion":2,'),
      {},
      400,
      'MANIFEST_INVALID',
      /schemaVersion/,
    ],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 400, 'MANIFEST_INVALID', /UTF-8/],
    [
      'too deep',
      JSON.stringify({ ...image, annotations: 1 }).replace(/1}$/, `${deep}}`),
      {},
      400,
      'MANIFEST_INVALID',
      /nest|deep|level/i,
    ],
    ['too many layers', JSON.stringify({ ...image, layers }), {}, 400, 'MANIFEST_INVALID', /10001/],
    [
      'a negative size',
      JSON.stringify({ ...image, config: { ...config, size: -1 } }),
      {},
      400,
      'MANIFEST_INVALID',
      /config\.size/,
    ],
    [
      'a huge size',
      JSON.stringify(image).replace('"size":2', '"size":1e300'),
      {},
      400,
      'MANIFEST_INVALID',
      /config\.size/,
    ],
    [
      'two kinds at once',
      JSON.stringify({ ...image, manifests: [] }),
      {},
      400,
      'MANIFEST_INVALID',
      /manifests/,
    ],
    [
      'another type than its header',
      JSON.stringify(image),
      { 'content-type': types.index },
      400,
      'MANIFEST_INVALID',
      /Content-Type/,
    ],
    [
      'a type that is none',
      '{"schemaVersion":2}',
      { 'content-type': 'text/plain' },
      400,
      'MANIFEST_INVALID',
      /OCI image/,
    ],
    [
      'schema 1',
      '{"schemaVersion":1,"fsLayers":[]}',
      { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      400,
      'UNSUPPORTED',
      /schema 1/,
    ],
    [
      'a digest of another algorithm',
      JSON.stringify({ ...image, config: { ...config, digest: 'md5:aa' } }),
      {},
      400,
      'MANIFEST_INVALID',
      /config\.digest/,
    ],
    ['too large', Buffer.alloc(4 * 1024 * 1024 + 1, ' '), {}, 413, 'MANIFEST_INVALID', /4194304/],
  ];

  test('are refused with what is wrong with them, and nothing has changed', async () => {
    await using registry = await startRegistry();
    await pushBlob(registry, 'app', '{}');
    await expectRefusals(
      registry,
      table.map(([what, body, headers, status, code, helps]) => ({
        what,
        method: 'PUT',
        path: '/v2/app/manifests/v1',
        headers: { 'content-type': types.manifest, ...headers },
        body,
        status,
        code,
        helps,
      })),
    );
  });

  test('an index can not be a part of itself, and a digest in the path must be that of the bytes', async () => {
    await using registry = await startRegistry();
    await pushBlob(registry, 'app', '{}');
    const body = imageManifest({});
    await expectRefusals(registry, [
      {
        what: 'another digest',
        method: 'PUT',
        path: `/v2/app/manifests/${ok}`,
        headers: { 'content-type': types.manifest },
        body,
        status: 400,
        code: 'DIGEST_INVALID',
        helps: /did not match/,
      },
    ]);
  });

  test('indexes nest so far and no farther', async () => {
    await using registry = await startRegistry();
    let child = (await pushImage(registry, { name: 'app', tag: 'v0' })).manifest;
    let mediaType: string = types.manifest;
    const statuses: number[] = [];
    for (let level = 1; level <= 10; level += 1) {
      const manifests = [{ mediaType, digest: digestOf(child), size: child.length }];
      child = JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests });
      mediaType = types.index;
      const reply = await putManifest(registry, `/v2/app/manifests/v${level}`, child, {
        'content-type': types.index,
      });
      statuses.push(reply.status);
      if (reply.status !== 201) break;
    }
    expect(statuses.at(-1)).toBe(400);
    expect(statuses.length).toBeGreaterThanOrEqual(8);
  });
});

test('what uploads are not is refused', async () => {
  await using registry = await startRegistry();
  const location = await startUpload(registry, 'app');
  await call(registry, 'PATCH', location, { body: 'hello' });
  const range = { status: 416, code: 'RANGE_INVALID', helps: /Content-Range/ };
  const chunk = { method: 'PATCH', path: location, body: 'x' };
  const ranges = ['5', '5-', '-5', '7-5', 'a-b', 'bytes=5-5', '5-5,6-6', '5-9007199254740993', ''].filter(
    Boolean,
  );
  await expectRefusals(registry, [
    ...ranges.map((text) => ({ ...chunk, ...range, what: text, headers: { 'content-range': text } })),
    {
      what: 'no digest',
      method: 'PUT',
      path: location,
      status: 400,
      code: 'DIGEST_INVALID',
      helps: /digest parameter/,
    },
    {
      what: 'a bad digest',
      method: 'PUT',
      path: `${location}&digest=sha256:x`,
      status: 400,
      code: 'DIGEST_INVALID',
      helps: /64/,
    },
    {
      what: 'more than a layer may have',
      ...chunk,
      body: '',
      headers: { 'content-range': `5-${300 * 2 ** 30}`, 'content-length': '0' },
      status: 400,
      code: 'SIZE_INVALID',
      helps: /agree/,
    },
    {
      what: 'more than a layer may have, announced',
      ...chunk,
      body: '',
      headers: { 'content-length': String(201 * 2 ** 30) },
      status: 413,
      code: 'SIZE_INVALID',
      helps: /at most/,
    },
  ]);
});

test('methods and paths that there are not are told so', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  await expectRefusals(registry, [
    {
      what: 'POST',
      method: 'POST',
      path: '/v2/app/manifests/v1',
      status: 405,
      code: 'UNSUPPORTED',
      helps: /GET, HEAD, PUT, DELETE/,
    },
    {
      what: 'PATCH',
      method: 'PATCH',
      path: `/v2/app/blobs/${ok}`,
      status: 405,
      code: 'UNSUPPORTED',
      helps: /GET, HEAD, DELETE/,
    },
    {
      what: 'PURGE',
      method: 'PURGE',
      path: `/v2/app/blobs/${ok}`,
      status: 405,
      code: 'UNSUPPORTED',
      helps: /GET, HEAD, DELETE/,
    },
    { what: 'TRACE', method: 'TRACE', path: '/v2/', status: 405, code: 'UNSUPPORTED', helps: /GET, HEAD/ },
    {
      what: 'a path',
      method: 'GET',
      path: '/v2/app/layers/x',
      status: 404,
      code: 'UNSUPPORTED',
      helps: /nothing under this path/,
    },
    {
      what: 'a root',
      method: 'GET',
      path: '/',
      status: 404,
      code: 'UNSUPPORTED',
      helps: /nothing under this path/,
    },
    { what: 'bad escapes', method: 'GET', path: '/%zz', status: 400, code: 'UNSUPPORTED', helps: /decoded/ },
    {
      what: 'a long URL',
      method: 'GET',
      path: `/v2/app/tags/list?x=${'y'.repeat(17_000)}`,
      status: 414,
      code: 'UNSUPPORTED',
      helps: /16384/,
    },
    {
      what: 'an absolute URL',
      method: 'GET',
      path: 'http://example.org/v2/',
      status: 400,
      code: 'UNSUPPORTED',
      helps: /same host/,
    },
  ]);
  const allowed = await call(registry, 'PUT', '/v2/app/tags/list', { body: 'x' });
  expect([allowed.status, allowed.headers.allow]).toEqual([405, 'GET, HEAD']);
});

test('hosts tell tenants apart, and nothing that a client claims is believed', async () => {
  await using registry = await startRegistry();
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const host = (name: string, headers: Record<string, string> = {}) =>
    call(registry, 'GET', '/v2/app/manifests/v1', { headers: { host: name, ...headers } });
  expect((await host('cerulean.azurecr.localhost')).status).toBe(200);
  expect((await host('localhost:1234')).status).toBe(200);
  const own = await call(registry, 'GET', '/v2/app/manifests/v1', {
    as: registry.other,
    headers: { host: 'another.azurecr.localhost' },
  });
  expect([own.status, own.error?.code]).toEqual([404, 'NAME_UNKNOWN']);
  expect((await host('another.azurecr.localhost')).status).toBe(401);
  for (const name of ['example.org', 'none.azurecr.localhost', 'a.b.azurecr.localhost', '10.0.0.1', 'x@y']) {
    expect([name, (await host(name)).status]).toEqual([name, 421]);
  }
  const claimed = await call(registry, 'GET', '/v2/', {
    as: null,
    headers: { 'x-forwarded-host': 'evil.example' },
  });
  expect(claimed.headers['www-authenticate']).not.toContain('evil');
});
