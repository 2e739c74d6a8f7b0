import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram } from './client-program.ts';
import { expectLayoutHolds, expectSameBytes, expectStored } from './expect-image.ts';
import { writeImageLayout } from './image-layout.ts';
import { type SampleImage, sampleImage } from './sample-image.ts';
import { findManifest, getBlob, getManifest, listTags, registry } from './test-registry.ts';

const plainTarget = ['--dest-tls-verify=false'];
const plainSource = ['--src-tls-verify=false'];
const remote = (repository: string, tag: string): string => `docker://${registry.host}/${repository}:${tag}`;

/** A skopeo that has logged in, and an image layout that it can copy from. */
async function loggedIn(
  name: string,
): Promise<{ skopeo: ClientProgram; image: SampleImage; layout: string }> {
  const skopeo = clientProgram('skopeo', '--insecure-policy');
  const password = ['--username', registry.user, '--password-stdin'];
  await skopeo.run(['login', '--tls-verify=false', ...password, registry.host], { input: registry.password });
  const image = sampleImage(name);
  const layout = join(skopeo.folder, 'layout');
  await writeImageLayout(layout, 'v1', image);
  return { skopeo, image, layout };
}

test('skopeo copies an OCI image in and out, and every byte comes back', async () => {
  const { skopeo, image, layout } = await loggedIn('skopeo-oci');
  const target = remote('clients/skopeo/oci', 'v1');
  await skopeo.run(['copy', ...plainTarget, '--format', 'oci', `oci:${layout}:v1`, target]);
  await expectStored('clients/skopeo/oci', 'v1', image);
  const out = join(skopeo.folder, 'out');
  await skopeo.run(['copy', ...plainSource, target, `oci:${out}:v1`]);
  await expectLayoutHolds(out, image);
});

test('skopeo copies a Docker schema 2 image in and out, and every byte comes back', async () => {
  const { skopeo, image, layout } = await loggedIn('skopeo-v2s2');
  const target = remote('clients/skopeo/v2s2', 'v1');
  await skopeo.run(['copy', ...plainTarget, '--format', 'v2s2', `oci:${layout}:v1`, target]);
  const stored = await getManifest('clients/skopeo/v2s2', 'v1');
  expect(stored.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  const out = join(skopeo.folder, 'out');
  await skopeo.run(['copy', ...plainSource, target, `dir:${out}`]);
  expectSameBytes(await readFile(join(out, 'manifest.json')), stored.bytes);
  for (const { digest, bytes } of image.layers) {
    expectSameBytes(await readFile(join(out, digest.slice('sha256:'.length))), bytes);
    expectSameBytes(await getBlob('clients/skopeo/v2s2', digest), bytes);
  }
});

test('skopeo inspect tells the digest, the tags and the layers of an image', async () => {
  const { skopeo, image, layout } = await loggedIn('skopeo-inspect');
  const target = remote('clients/skopeo/inspect', 'v1');
  await skopeo.run(['copy', ...plainTarget, `oci:${layout}:v1`, target]);
  expect(await skopeo.json(['inspect', '--tls-verify=false', target])).toMatchObject({
    Digest: image.manifest.digest,
    RepoTags: ['v1'],
    Architecture: image.architecture,
    Layers: image.layers.map((layer) => layer.digest),
  });
});

test('skopeo list-tags lists every tag in order', async () => {
  const { skopeo, layout } = await loggedIn('skopeo-tags');
  for (const tag of ['v2', 'v10', 'latest']) {
    await skopeo.run(['copy', ...plainTarget, `oci:${layout}:v1`, remote('clients/skopeo/tags', tag)]);
  }
  const list = ['list-tags', '--tls-verify=false', `docker://${registry.host}/clients/skopeo/tags`];
  expect(await skopeo.json(list)).toMatchObject({ Tags: ['latest', 'v10', 'v2'] });
});

test('skopeo copies between repositories', async () => {
  const { skopeo, image, layout } = await loggedIn('skopeo-between');
  const source = remote('clients/skopeo/source', 'v1');
  await skopeo.run(['copy', ...plainTarget, `oci:${layout}:v1`, source]);
  await skopeo.run(['copy', ...plainSource, ...plainTarget, source, remote('clients/skopeo/target', 'v1')]);
  await expectStored('clients/skopeo/target', 'v1', image);
});

test('skopeo delete removes an image with its tag', async () => {
  const { skopeo, image, layout } = await loggedIn('skopeo-delete');
  const target = remote('clients/skopeo/delete', 'v1');
  await skopeo.run(['copy', ...plainTarget, `oci:${layout}:v1`, target]);
  await skopeo.run(['delete', '--tls-verify=false', target]);
  expect(await findManifest('clients/skopeo/delete', image.manifest.digest)).toBeUndefined();
  expect(await listTags('clients/skopeo/delete')).toEqual([]);
  expect((await skopeo.attempt(['inspect', '--tls-verify=false', target])).code).not.toBe(0);
});

test('skopeo with a wrong password is told that it is not authorised', async () => {
  const skopeo = clientProgram('skopeo', '--insecure-policy');
  const password = ['--username', registry.user, '--password', 'not-the-password'];
  const result = await skopeo.attempt(['login', '--tls-verify=false', ...password, registry.host]);
  expect(result.code).not.toBe(0);
  expect(result.stderr).toMatch(/invalid username\/password|unauthorized/);
});
