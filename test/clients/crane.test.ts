import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram } from './client-program.ts';
import { expectLayoutHolds, expectSameBytes, expectStored } from './expect-image.ts';
import { writeImageLayout } from './image-layout.ts';
import { sampleImage } from './sample-image.ts';
import { tarArchive } from './tar-archive.ts';
import { findManifest, getManifest, listTags, registry } from './test-registry.ts';

async function loggedIn(): Promise<ClientProgram> {
  const crane = clientProgram('crane');
  const password = ['--username', registry.user, '--password-stdin'];
  await crane.run(['auth', 'login', registry.host, ...password], { input: registry.password });
  return crane;
}

/** Pushes a sample image and returns it. */
async function pushed(crane: ClientProgram, repository: string, tag = 'v1'): ReturnType<typeof sample> {
  const { image, layout } = await sample(crane, repository);
  await crane.run(['push', layout, `${registry.host}/${repository}:${tag}`]);
  return { image, layout };
}

async function sample(
  crane: ClientProgram,
  name: string,
): Promise<{ image: ReturnType<typeof sampleImage>; layout: string }> {
  const image = sampleImage(name);
  const layout = join(crane.folder, name.replaceAll('/', '-'));
  await writeImageLayout(layout, 'v1', image);
  return { image, layout };
}

test('crane pushes an image layout and pulls it, and every byte comes back', async () => {
  const crane = await loggedIn();
  const { image } = await pushed(crane, 'clients/crane/push');
  await expectStored('clients/crane/push', 'v1', image);
  const out = join(crane.folder, 'out');
  await crane.run(['pull', '--format', 'oci', `${registry.host}/clients/crane/push:v1`, out]);
  await expectLayoutHolds(out, image);
});

test('crane append makes an image of one layer, which validates', async () => {
  const crane = await loggedIn();
  const layer = join(crane.folder, 'layer.tar');
  await writeFile(layer, tarArchive([{ path: 'hello', bytes: Buffer.from('hello') }]));
  const target = `${registry.host}/clients/crane/append:v1`;
  const { stdout } = await crane.run(['append', '--new_layer', layer, '--new_tag', target]);
  const stored = await getManifest('clients/crane/append', 'v1');
  expect(stdout.trim()).toBe(`${registry.host}/clients/crane/append@${stored.digest}`);
  await crane.run(['validate', '--remote', target]);
});

test('crane reads a manifest, a digest, a config and a blob as they are stored', async () => {
  const crane = await loggedIn();
  const { image } = await pushed(crane, 'clients/crane/read');
  const target = `${registry.host}/clients/crane/read:v1`;
  expectSameBytes((await crane.run(['manifest', target])).stdoutBytes, image.manifest.bytes);
  expect((await crane.run(['digest', target])).stdout.trim()).toBe(image.manifest.digest);
  expectSameBytes((await crane.run(['config', target])).stdoutBytes, image.config.bytes);
  for (const { digest, bytes } of image.layers) {
    const reference = `${registry.host}/clients/crane/read@${digest}`;
    expectSameBytes((await crane.run(['blob', reference])).stdoutBytes, bytes);
  }
});

test('crane copies an image to another repository', async () => {
  const crane = await loggedIn();
  const { image } = await pushed(crane, 'clients/crane/source');
  const target = `${registry.host}/clients/crane/target:copied`;
  await crane.run(['copy', `${registry.host}/clients/crane/source:v1`, target]);
  await expectStored('clients/crane/target', 'copied', image);
  await crane.run(['validate', '--remote', target]);
});

test('crane tags an image and lists the tags and the repository', async () => {
  const crane = await loggedIn();
  await pushed(crane, 'clients/crane/tags');
  await crane.run(['tag', `${registry.host}/clients/crane/tags:v1`, 'v1.0']);
  const { stdout: tags } = await crane.run(['ls', `${registry.host}/clients/crane/tags`]);
  expect(tags.trim().split('\n')).toEqual(['v1', 'v1.0']);
  const { stdout: catalog } = await crane.run(['catalog', registry.host]);
  expect(catalog.trim().split('\n')).toContain('clients/crane/tags');
});

test('crane delete by digest removes an image with its tags', async () => {
  const crane = await loggedIn();
  const { image } = await pushed(crane, 'clients/crane/delete');
  await crane.run(['delete', `${registry.host}/clients/crane/delete@${image.manifest.digest}`]);
  expect(await findManifest('clients/crane/delete', 'v1')).toBeUndefined();
  expect(await listTags('clients/crane/delete')).toEqual([]);
});

test('crane without a login can neither pull nor push', async () => {
  const crane = await loggedIn();
  const { layout } = await pushed(crane, 'clients/crane/private');
  const stranger = clientProgram('crane');
  const target = `${registry.host}/clients/crane/private`;
  const pull = await stranger.attempt(['manifest', `${target}:v1`]);
  const push = await stranger.attempt(['push', layout, `${target}:v2`]);
  for (const { code, stderr } of [pull, push]) {
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/UNAUTHORIZED|401 Unauthorized/);
  }
  expect(await listTags('clients/crane/private')).toEqual(['v1']);
});
