import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClientProgram, clientProgram } from './client-program.ts';
import { expectSameBytes, expectStored } from './expect-image.ts';
import { writeImageLayout } from './image-layout.ts';
import { pseudoRandomBytes, sampleImage } from './sample-image.ts';
import {
  blobExists,
  findManifest,
  getBlob,
  getManifest,
  listTags,
  registry,
  sha256,
} from './test-registry.ts';

const sbomType = 'application/spdx+json';

async function loggedIn(): Promise<ClientProgram> {
  const oras = clientProgram('oras');
  const password = ['--plain-http', '--username', registry.user, '--password-stdin'];
  await oras.run(['login', ...password, registry.host], { input: registry.password });
  return oras;
}

/** Pushes a sample image out of a layout. */
async function pushedImage(oras: ClientProgram, repository: string): Promise<ReturnType<typeof sampleImage>> {
  const image = sampleImage(repository);
  const layout = join(oras.folder, 'layout');
  await writeImageLayout(layout, 'v1', image);
  const target = `${registry.host}/${repository}:v1`;
  await oras.run(['cp', '--from-oci-layout', `${layout}:v1`, '--to-plain-http', target]);
  return image;
}

/** Attaches an SBOM to the image tagged v1 and returns the SBOM's bytes. */
async function attachSbom(oras: ClientProgram, repository: string): Promise<Buffer> {
  const sbom = Buffer.from(JSON.stringify({ spdxVersion: 'SPDX-2.3', name: repository }));
  await writeFile(join(oras.folder, 'sbom.json'), sbom);
  const target = `${registry.host}/${repository}:v1`;
  await oras.run(['attach', '--plain-http', '--artifact-type', sbomType, target, `sbom.json:${sbomType}`]);
  return sbom;
}

interface Discovery {
  readonly referrers?: readonly { readonly digest: string; readonly artifactType: string }[];
}

async function discover(oras: ClientProgram, repository: string, ...args: string[]): Promise<Discovery> {
  const target = `${registry.host}/${repository}:v1`;
  return (await oras.json(['discover', '--plain-http', '--format', 'json', ...args, target])) as Discovery;
}

test('oras pushes files and pulls them, and every byte comes back', async () => {
  const oras = await loggedIn();
  const files = { 'big.bin': pseudoRandomBytes('oras', 9_000_000), 'note.txt': Buffer.from('a note\n') };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(oras.folder, name), bytes);
  const target = `${registry.host}/clients/oras/files:v1`;
  const type = ['--artifact-type', 'application/vnd.example.files'];
  await oras.run(['push', '--plain-http', ...type, target, ...Object.keys(files)]);
  await oras.run(['pull', '--plain-http', '--output', 'out', target]);
  for (const [name, bytes] of Object.entries(files)) {
    expectSameBytes(await readFile(join(oras.folder, 'out', name)), bytes);
    expectSameBytes(await getBlob('clients/oras/files', sha256(bytes)), bytes);
  }
  const { bytes } = await getManifest('clients/oras/files', 'v1');
  const fetched = await oras.run(['manifest', 'fetch', '--plain-http', target]);
  expectSameBytes(fetched.stdoutBytes, bytes);
});

test('oras attaches an SBOM and discovers it through the referrers of the image', async () => {
  const oras = await loggedIn();
  await pushedImage(oras, 'clients/oras/attach');
  const sbom = await attachSbom(oras, 'clients/oras/attach');
  const { referrers = [] } = await discover(oras, 'clients/oras/attach');
  expect(referrers.map((referrer) => referrer.artifactType)).toEqual([sbomType]);
  const target = `${registry.host}/clients/oras/attach@${referrers[0]?.digest}`;
  await oras.run(['pull', '--plain-http', '--output', 'found', target]);
  expectSameBytes(await readFile(join(oras.folder, 'found', 'sbom.json')), sbom);
  // The fallback for registries without the referrers API would have left a tag.
  expect(await listTags('clients/oras/attach')).toEqual(['v1']);
});

test('oras discover finds nothing of another artifact type', async () => {
  const oras = await loggedIn();
  await pushedImage(oras, 'clients/oras/filter');
  await attachSbom(oras, 'clients/oras/filter');
  const other = await discover(
    oras,
    'clients/oras/filter',
    '--artifact-type',
    'application/vnd.example.none',
  );
  expect(other.referrers ?? []).toEqual([]);
  const same = await discover(oras, 'clients/oras/filter', '--artifact-type', sbomType);
  expect(same.referrers).toHaveLength(1);
});

test('oras cp -r copies an image together with its SBOM', async () => {
  const oras = await loggedIn();
  const image = await pushedImage(oras, 'clients/oras/copy-source');
  const sbom = await attachSbom(oras, 'clients/oras/copy-source');
  const plain = ['--from-plain-http', '--to-plain-http'];
  const [source, target] = ['source', 'target'].map(
    (name) => `${registry.host}/clients/oras/copy-${name}:v1`,
  );
  await oras.run(['cp', '-r', ...plain, source ?? '', target ?? '']);
  await expectStored('clients/oras/copy-target', 'v1', image);
  expect((await discover(oras, 'clients/oras/copy-target')).referrers).toHaveLength(1);
  expectSameBytes(await getBlob('clients/oras/copy-target', sha256(sbom)), sbom);
});

test('oras lists repositories and tags', async () => {
  const oras = await loggedIn();
  await pushedImage(oras, 'clients/oras/list');
  await oras.run(['tag', '--plain-http', `${registry.host}/clients/oras/list:v1`, 'stable', 'v1.0']);
  const { stdout: tags } = await oras.run([
    'repo',
    'tags',
    '--plain-http',
    `${registry.host}/clients/oras/list`,
  ]);
  expect(tags.trim().split('\n')).toEqual(['stable', 'v1', 'v1.0']);
  const { stdout: repositories } = await oras.run(['repo', 'ls', '--plain-http', registry.host]);
  expect(repositories.trim().split('\n')).toContain('clients/oras/list');
});

test('oras pushes, fetches and deletes a single blob', async () => {
  const oras = await loggedIn();
  const bytes = pseudoRandomBytes('oras blob', 100_000);
  await writeFile(join(oras.folder, 'blob'), bytes);
  const target = `${registry.host}/clients/oras/blob@${sha256(bytes)}`;
  await oras.run(['blob', 'push', '--plain-http', target, 'blob']);
  await oras.run(['blob', 'fetch', '--plain-http', '--output', 'fetched', target]);
  expectSameBytes(await readFile(join(oras.folder, 'fetched')), bytes);
  await oras.run(['blob', 'delete', '--plain-http', '--force', target]);
  expect(await blobExists('clients/oras/blob', sha256(bytes))).toBe(false);
});

test('oras deletes a manifest', async () => {
  const oras = await loggedIn();
  const image = await pushedImage(oras, 'clients/oras/delete');
  await oras.run([
    'manifest',
    'delete',
    '--plain-http',
    '--force',
    `${registry.host}/clients/oras/delete:v1`,
  ]);
  expect(await findManifest('clients/oras/delete', image.manifest.digest)).toBeUndefined();
});
