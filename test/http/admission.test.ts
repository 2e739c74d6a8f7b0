import { acrRoutes } from '@cerulean/server/http/acr-v1/routes.ts';
import { ociRoutes } from '@cerulean/server/http/oci/routes.ts';
import { requirementOf } from '@cerulean/server/http/route-requirement.ts';
import { describe, expect, test } from 'vitest';
import { call, digestOf, imageManifest, pushImage, startUpload, tokenFor } from './client.ts';
import { startRegistry } from './start-registry.ts';
import { storedState } from './stored-state.ts';

const digest = digestOf('{}');
const image = `/acr/v1/app/_manifests/${digestOf(imageManifest({}))}`;

/** Every endpoint by hand: what is asked, the scope of its challenge, and the route's own name. */
const endpoints = [
  ['oci.end-1', 'GET', '/v2/', undefined],
  ['oci.end-1', 'HEAD', '/v2/', undefined],
  ['oci.end-2', 'GET', `/v2/app/blobs/${digest}`, 'repository:app:pull'],
  ['oci.end-2', 'HEAD', `/v2/app/blobs/${digest}`, 'repository:app:pull'],
  ['oci.end-3', 'GET', '/v2/app/manifests/v1', 'repository:app:pull'],
  ['oci.end-3', 'HEAD', '/v2/app/manifests/v1', 'repository:app:pull'],
  ['oci.end-4', 'POST', '/v2/app/blobs/uploads/', 'repository:app:pull,push'],
  [
    'oci.end-4',
    'POST',
    `/v2/app/blobs/uploads/?mount=${digest}&from=other`,
    'repository:app:pull,push repository:other:pull',
  ],
  ['oci.end-4', 'POST', `/v2/app/blobs/uploads/?digest=${digest}`, 'repository:app:pull,push'],
  ['oci.end-5', 'PATCH', 'UPLOAD', 'repository:app:pull,push'],
  ['oci.end-6', 'PUT', `UPLOAD&digest=${digest}`, 'repository:app:pull,push'],
  ['oci.end-7', 'PUT', '/v2/app/manifests/v2', 'repository:app:pull,push'],
  ['oci.end-8', 'GET', '/v2/app/tags/list', 'repository:app:metadata_read'],
  ['oci.end-8', 'HEAD', '/v2/app/tags/list', 'repository:app:metadata_read'],
  ['oci.end-9', 'DELETE', '/v2/app/manifests/v1', 'repository:app:delete'],
  ['oci.end-10', 'DELETE', `/v2/app/blobs/${digest}`, 'repository:app:delete'],
  ['oci.end-12', 'GET', `/v2/app/referrers/${digest}`, 'repository:app:pull'],
  ['oci.end-12', 'HEAD', `/v2/app/referrers/${digest}`, 'repository:app:pull'],
  ['oci.end-13', 'GET', 'UPLOAD', 'repository:app:pull,push'],
  ['oci.end-13', 'HEAD', 'UPLOAD', 'repository:app:pull,push'],
  ['oci.end-14', 'DELETE', 'UPLOAD', 'repository:app:pull,push'],
  ['oci.catalog', 'GET', '/v2/_catalog', 'registry:catalog:*'],
  ['oci.catalog', 'HEAD', '/v2/_catalog', 'registry:catalog:*'],
  ['ContainerRegistry_GetRepositories', 'GET', '/acr/v1/_catalog', 'registry:catalog:*'],
  ['ContainerRegistry_GetProperties', 'GET', '/acr/v1/app', 'repository:app:metadata_read'],
  ['ContainerRegistry_UpdateProperties', 'PATCH', '/acr/v1/app', 'repository:app:metadata_write'],
  ['ContainerRegistry_DeleteRepository', 'DELETE', '/acr/v1/app', 'repository:app:delete'],
  ['ContainerRegistry_GetTags', 'GET', '/acr/v1/app/_tags', 'repository:app:metadata_read'],
  ['ContainerRegistry_GetTagProperties', 'GET', '/acr/v1/app/_tags/v1', 'repository:app:metadata_read'],
  ['ContainerRegistry_UpdateTagAttributes', 'PATCH', '/acr/v1/app/_tags/v1', 'repository:app:metadata_write'],
  ['ContainerRegistry_DeleteTag', 'DELETE', '/acr/v1/app/_tags/v1', 'repository:app:delete'],
  ['ContainerRegistry_GetManifests', 'GET', '/acr/v1/app/_manifests', 'repository:app:metadata_read'],
  ['ContainerRegistry_GetManifestProperties', 'GET', image, 'repository:app:metadata_read'],
  ['ContainerRegistry_UpdateManifestProperties', 'PATCH', image, 'repository:app:metadata_write'],
  ['acr.deleteManifest', 'DELETE', image, 'repository:app:delete'],
  [
    'acr.explainAccess',
    'GET',
    '/acr/v1/_access/explain?principal=cerulean&action=catalog',
    'registry:access:read',
  ],
  ['acr.listDeleted', 'GET', '/acr/v1/_deleted/_catalog', undefined],
  ['acr.restoreDeleted', 'POST', '/acr/v1/_deleted/app/_manifests/x', undefined],
] as const;

describe('every route, on both ways', () => {
  test('is in the table of this test', () => {
    const declared = [
      ...ociRoutes.flatMap((route) => route.methods.map((method) => `${route.operation} ${method}`)),
      ...acrRoutes.map((route) => `${route.operation} ${route.method}`),
    ];
    const tested = new Set(endpoints.map(([operation, method]) => `${operation} ${method}`));
    expect(declared.filter((route) => !tested.has(route))).toEqual([]);
  });

  test('asks for credentials, for a known host and for the right, before it does anything', async () => {
    await using registry = await startRegistry();
    await pushImage(registry, { name: 'app', tag: 'v1' });
    const upload = await startUpload(registry, 'app');
    await call(registry, 'PATCH', upload, { body: '{}' });
    const narrow = await tokenFor(
      registry,
      'repository:elsewhere:pull,push,delete,metadata_read,metadata_write',
    );
    const before = await storedState(registry);
    for (const [operation, method, path, scope] of endpoints) {
      // A minute later wrong passwords are counted anew.
      registry.clockAheadMs += 61_000;
      const target = path.replace('UPLOAD', upload);
      const body = method === 'PATCH' || method === 'PUT' ? { body: '{}' } : {};
      const refused = [
        { who: 'nobody', asked: { as: null } },
        { who: 'a wrong password', asked: { as: { ...registry.admin, password: 'wrong' } } },
        { who: "another registry's admin", asked: { as: registry.other } },
        { who: 'a narrow token', asked: { authorization: narrow } },
      ] as const;
      for (const { who, asked } of refused) {
        if (scope === undefined && who === 'a narrow token') continue;
        const reply = await call(registry, method, target, { ...asked, ...body });
        expect([operation, method, who, reply.status]).toEqual([operation, method, who, 401]);
        if (method !== 'HEAD') expect(reply.error?.code).toBe('UNAUTHORIZED');
        const challenge = reply.headers['www-authenticate'] ?? '';
        expect(challenge).toMatch(
          new RegExp(`^Bearer realm="http://127.0.0.1:${registry.port}/oauth2/token",service="cerulean\\.`),
        );
        if (scope === undefined) expect(challenge).not.toContain('scope=');
        else expect(challenge).toContain(`scope="${scope}"`);
      }
      const lost = await call(registry, method, target, { ...body, headers: { host: 'example.org' } });
      expect([operation, method, lost.status]).toEqual([operation, method, 421]);
      if (method !== 'HEAD') expect(lost.error?.message).toContain('--hostname example.org');
    }
    expect(await storedState(registry)).toEqual(before);
  });

  test('is named in the log, with who asked and what came of it, and no secret', async () => {
    await using registry = await startRegistry();
    await pushImage(registry, { name: 'app', tag: 'v1' });
    const token = await tokenFor(registry, 'repository:app:pull');
    const upload = await startUpload(registry, 'app');
    await call(registry, 'GET', upload);
    const headers = { 'x-request-id': 'mine-1', 'user-agent': 'tester' };
    const reply = await call(registry, 'GET', '/v2/app/manifests/v1?secret=hidden', {
      authorization: token,
      headers,
    });
    expect(reply.headers['x-ms-correlation-request-id']).toBe('mine-1');
    await call(registry, 'GET', '/v2/app/manifests/none');
    await expect.poll(() => registry.log.at(-1)?.['outcome']).toBe('manifest_unknown');
    expect(registry.log.at(-2)).toMatchObject({
      level: 'info',
      msg: 'request',
      operation: 'oci.end-3',
      method: 'GET',
      status: 200,
      requestId: 'mine-1',
      address: '127.0.0.1',
      host: `127.0.0.1:${registry.port}`,
      registry: 'cerulean',
      principal: 'cerulean',
      repository: 'app',
      reference: 'v1',
      userAgent: 'tester',
    });
    const all = JSON.stringify(registry.log);
    const uploadToken = /uploads\/([\w-]+)/.exec(upload)?.[1] ?? '';
    for (const secret of [registry.admin.password, token.slice(7), 'hidden', uploadToken]) {
      expect(all).not.toContain(secret);
    }
  });
});

test('a route that declares no requirement keeps the server from starting', () => {
  expect(() => requirementOf({ url: '/open' })).toThrow('/open does not declare what it requires');
  expect(() => requirementOf({ url: '/open', config: { operation: 'open' } })).toThrow(TypeError);
});

test('anonymous callers may pull and list where the registry says so, and nothing else', async () => {
  await using registry = await startRegistry({ settings: { anonymousPull: true } });
  await pushImage(registry, { name: 'app', tag: 'v1' });
  const before = await storedState(registry);
  const upload = await startUpload(registry, 'app');
  const allowed = new Set<string>([
    'oci.end-2',
    'oci.end-3',
    'oci.end-8',
    'oci.end-12',
    'oci.catalog',
    'ContainerRegistry_GetRepositories',
    'ContainerRegistry_GetProperties',
    'ContainerRegistry_GetTags',
    'ContainerRegistry_GetTagProperties',
    'ContainerRegistry_GetManifests',
    'ContainerRegistry_GetManifestProperties',
  ]);
  for (const [operation, method, path] of endpoints) {
    const target = path.replace('UPLOAD', upload);
    const { status } = await call(registry, method, target, { as: null });
    expect([operation, method, status]).toEqual([operation, method, allowed.has(operation) ? 200 : 401]);
  }
  expect(await storedState(registry)).toEqual(before);
});

test('liveness needs nothing, figures need an address of the operator', async () => {
  await using registry = await startRegistry();
  const anywhere = { as: null, headers: { host: 'example.org' } };
  for (const path of ['/livez', '/readyz']) {
    const reply = await call(registry, 'GET', path, anywhere);
    expect([path, reply.status, reply.text]).toEqual([path, 200, 'ok\n']);
  }
  const figures = await call(registry, 'GET', '/metrics', anywhere);
  expect(figures.status).toBe(200);
  expect(figures.text).toContain('cerulean_requests_total{operation="ops.live",status="200"}');
  await using closed = await startRegistry({ flags: ['--metrics-from', '10.0.0.0/8'] });
  expect((await call(closed, 'GET', '/metrics', { as: null })).status).toBe(403);
});
