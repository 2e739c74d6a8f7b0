import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram } from './client-program.ts';
import { expectLayoutHolds, expectSameBytes, expectStored } from './expect-image.ts';
import { readLayoutBlob, writeImageLayout } from './image-layout.ts';
import { type SampleIndex, sampleIndex } from './sample-image.ts';
import { getManifest, registry } from './test-registry.ts';

async function skopeoWithLogin(): Promise<ClientProgram> {
  const skopeo = clientProgram('skopeo', '--insecure-policy');
  const password = ['--username', registry.user, '--password-stdin'];
  await skopeo.run(['login', '--tls-verify=false', ...password, registry.host], { input: registry.password });
  return skopeo;
}

async function craneWithLogin(): Promise<ClientProgram> {
  const crane = clientProgram('crane');
  const password = ['--username', registry.user, '--password-stdin'];
  await crane.run(['auth', 'login', registry.host, ...password], { input: registry.password });
  return crane;
}

async function pushed(client: ClientProgram, repository: string): Promise<SampleIndex> {
  const sample = sampleIndex(repository, ['amd64', 'arm64', 's390x']);
  const layout = join(client.folder, 'layout');
  await writeImageLayout(layout, 'v1', sample);
  const target = `docker://${registry.host}/${repository}:v1`;
  await client.run(['copy', '--all', '--dest-tls-verify=false', `oci:${layout}:v1`, target]);
  return sample;
}

test('a multi-platform index and its images are stored byte for byte', async () => {
  const skopeo = await skopeoWithLogin();
  const { index, images } = await pushed(skopeo, 'clients/index/push');
  const stored = await getManifest('clients/index/push', 'v1');
  expect(stored.digest).toBe(index.digest);
  expect(stored.mediaType).toBe('application/vnd.oci.image.index.v1+json');
  expectSameBytes(stored.bytes, index.bytes);
  for (const image of images) await expectStored('clients/index/push', image.manifest.digest, image);
});

test('a multi-platform index is pulled by its digest with all its images', async () => {
  const skopeo = await skopeoWithLogin();
  const { index, images } = await pushed(skopeo, 'clients/index/pull');
  const out = join(skopeo.folder, 'out');
  const source = `docker://${registry.host}/clients/index/pull@${index.digest}`;
  await skopeo.run(['copy', '--all', '--src-tls-verify=false', source, `oci:${out}:v1`]);
  expectSameBytes(await readLayoutBlob(out, index.digest), index.bytes);
  for (const image of images) await expectLayoutHolds(out, image);
});

test('crane pulls one platform of an index, and each image of it by digest', async () => {
  const { images } = await pushed(await skopeoWithLogin(), 'clients/index/platform');
  const crane = await craneWithLogin();
  const repository = `${registry.host}/clients/index/platform`;
  for (const image of images) {
    const platform = ['--platform', `linux/${image.architecture}`];
    expect((await crane.run(['digest', ...platform, `${repository}:v1`])).stdout.trim()).toBe(
      image.manifest.digest,
    );
    const out = join(crane.folder, image.architecture);
    await crane.run(['pull', '--format', 'oci', `${repository}@${image.manifest.digest}`, out]);
    await expectLayoutHolds(out, image);
  }
});

test('crane pushes an index of its own and copies it with its images', async () => {
  const crane = await craneWithLogin();
  const { index, images } = sampleIndex('crane-index', ['amd64', 'arm64']);
  const layout = join(crane.folder, 'layout');
  await writeImageLayout(layout, 'v1', { index, images });
  const [source, target] = ['source', 'target'].map(
    (name) => `${registry.host}/clients/index/crane-${name}:v1`,
  );
  await crane.run(['push', '--index', layout, source ?? '']);
  await crane.run(['copy', source ?? '', target ?? '']);
  await crane.run(['validate', '--remote', target ?? '']);
  for (const image of images) {
    await expectStored('clients/index/crane-target', image.manifest.digest, image);
  }
});
