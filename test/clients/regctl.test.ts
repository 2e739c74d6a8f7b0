import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram } from './client-program.ts';
import { expectLayoutHolds, expectSameBytes, expectStored } from './expect-image.ts';
import { writeImageLayout } from './image-layout.ts';
import { type SampleImage, sampleImage } from './sample-image.ts';
import { findManifest, getBlob, getManifest, listTags, registry, sha256 } from './test-registry.ts';

async function loggedIn(): Promise<ClientProgram> {
  const regctl = clientProgram('regctl');
  await regctl.run(['registry', 'set', '--skip-check', '--tls', 'disabled', registry.host]);
  const password = ['--user', registry.user, '--pass-stdin'];
  await regctl.run(['registry', 'login', registry.host, ...password], { input: registry.password });
  return regctl;
}

async function pushed(
  regctl: ClientProgram,
  repository: string,
  image: SampleImage,
  tag = 'v1',
): Promise<void> {
  const layout = join(regctl.folder, `layout-${tag}`);
  await writeImageLayout(layout, tag, image);
  await regctl.run(['image', 'copy', `ocidir://${layout}:${tag}`, `${registry.host}/${repository}:${tag}`]);
}

test('regctl copies an image in and out, and every byte comes back', async () => {
  const regctl = await loggedIn();
  const image = sampleImage('regctl-copy');
  await pushed(regctl, 'clients/regctl/copy', image);
  await expectStored('clients/regctl/copy', 'v1', image);
  const out = join(regctl.folder, 'out');
  await regctl.run(['image', 'copy', `${registry.host}/clients/regctl/copy:v1`, `ocidir://${out}:v1`]);
  await expectLayoutHolds(out, image);
});

test('regctl copies an image to another repository of the registry', async () => {
  const regctl = await loggedIn();
  const image = sampleImage('regctl-mount');
  await pushed(regctl, 'clients/regctl/source', image);
  const [source, target] = ['source', 'target'].map((name) => `${registry.host}/clients/regctl/${name}:v1`);
  await regctl.run(['image', 'copy', source ?? '', target ?? '']);
  await expectStored('clients/regctl/target', 'v1', image);
});

test('regctl puts an artifact on an image and lists it', async () => {
  const regctl = await loggedIn();
  await pushed(regctl, 'clients/regctl/artifact', sampleImage('regctl-artifact'));
  const target = `${registry.host}/clients/regctl/artifact:v1`;
  const type = ['--artifact-type', 'application/spdx+json'];
  await regctl.run(['artifact', 'put', ...type, '--subject', target], {
    input: '{"spdxVersion":"SPDX-2.3"}',
  });
  expect(await regctl.json(['artifact', 'list', target, '--format', '{{json .}}'])).toMatchObject({
    descriptors: [{ artifactType: 'application/spdx+json' }],
  });
  expect(await listTags('clients/regctl/artifact')).toEqual(['v1']);
});

test('regctl puts an artifact under a tag and gets it back', async () => {
  const regctl = await loggedIn();
  const target = `${registry.host}/clients/regctl/file:v1`;
  const content = Buffer.from('what is in the artifact\n');
  await regctl.run(['artifact', 'put', '--artifact-type', 'application/vnd.example.text', target], {
    input: content,
  });
  expectSameBytes((await regctl.run(['artifact', 'get', target])).stdoutBytes, content);
  expectSameBytes(await getBlob('clients/regctl/file', sha256(content)), content);
});

test('regctl lists tags and removes one without the image it names', async () => {
  const regctl = await loggedIn();
  const image = sampleImage('regctl-tags');
  await pushed(regctl, 'clients/regctl/tags', image, 'v1');
  await pushed(regctl, 'clients/regctl/tags', image, 'v2');
  const list = ['tag', 'ls', `${registry.host}/clients/regctl/tags`];
  expect((await regctl.run(list)).stdout.trim().split('\n')).toEqual(['v1', 'v2']);
  await regctl.run(['tag', 'rm', `${registry.host}/clients/regctl/tags:v1`]);
  expect((await regctl.run(list)).stdout.trim().split('\n')).toEqual(['v2']);
  await expectStored('clients/regctl/tags', 'v2', image);
});

test('regctl makes an index of two images', async () => {
  const regctl = await loggedIn();
  const images = ['amd64', 'arm64'].map((architecture) => sampleImage('regctl-index', architecture));
  for (const image of images) await pushed(regctl, 'clients/regctl/index', image, image.architecture);
  const repository = `${registry.host}/clients/regctl/index`;
  const references = images.flatMap((image) => ['--ref', `${repository}:${image.architecture}`]);
  await regctl.run(['index', 'create', `${repository}:all`, ...references]);
  const index: unknown = JSON.parse((await getManifest('clients/regctl/index', 'all')).bytes.toString());
  expect(index).toMatchObject({ manifests: images.map((image) => ({ digest: image.manifest.digest })) });
});

test('regctl deletes a manifest by its digest', async () => {
  const regctl = await loggedIn();
  const image = sampleImage('regctl-delete');
  await pushed(regctl, 'clients/regctl/delete', image);
  await regctl.run(['manifest', 'delete', `${registry.host}/clients/regctl/delete@${image.manifest.digest}`]);
  expect(await findManifest('clients/regctl/delete', 'v1')).toBeUndefined();
});
