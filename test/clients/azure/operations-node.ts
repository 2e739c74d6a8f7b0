/**
 * Every operation of `@azure/container-registry` with a login of `@azure/identity`, both unmodified and no dependencies
 * of this project: `node operations-node.ts SDKFOLDER`, told what to do by JSON on its input. It checks each answer, and
 * prints which methods the clients have and which it has called.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { buffer, json } from 'node:stream/consumers';
import type { Artifact, Content, Given, Paged, Registry, Repository, Sdk } from './node-sdk.ts';

const [sdkFolder = ''] = process.argv.slice(2);
const given = (await json(process.stdin)) as Given;
const load = createRequire(`${sdkFolder}/`);
const sdk = { ...load('@azure/identity'), ...load('@azure/container-registry') } as Sdk;
const audience = 'https://containerregistry.azure.net';
const loginServer = 'cerulean.azurecr.localhost';
const called = new Set<string>();

/** The same object; what is called of it, and of what it gives out, is noted under these names. */
function noted<T extends object>(name: string, object: T): T {
  return new Proxy(object, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member, target);
      if (typeof value !== 'function' || typeof member !== 'string') return value;
      return (...args: unknown[]) => {
        called.add(`${name}.${member}`);
        const result: unknown = value.apply(target, args);
        if (member === 'getRepository') return noted('ContainerRepository', result as object);
        return member === 'getArtifact' ? noted('RegistryArtifact', result as object) : result;
      };
    },
  });
}

function credential(): object {
  const { authority, tenant, clientId } = given;
  const place = { authorityHost: authority, disableInstanceDiscovery: tenant !== 'adfs' };
  if (given.secret !== undefined)
    return new sdk.ClientSecretCredential(tenant, clientId, given.secret, place);
  if (given.certificateFile !== undefined)
    return new sdk.ClientCertificateCredential(tenant, clientId, given.certificateFile, place);
  return new sdk.WorkloadIdentityCredential({
    tenantId: tenant,
    clientId,
    tokenFilePath: given.tokenFile ?? '',
    ...place,
  });
}

const who = credential();
const rawRegistry = new sdk.ContainerRegistryClient(given.endpoint, who, { audience });
const rawContent = new sdk.ContainerRegistryContentClient(given.endpoint, given.repository, who, {
  audience,
});
const registry: Registry = noted('ContainerRegistryClient', rawRegistry);
const content: Content = noted('ContainerRegistryContentClient', rawContent);

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const open = { canDelete: true, canWrite: true, canList: true, canRead: true };
const shut = { canDelete: false, canWrite: false, canList: false, canRead: false };

async function all<T>(list: Paged<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of list.byPage({ maxPageSize: 1 })) items.push(...page);
  return items;
}

async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 0;
  } catch (error) {
    return (error as { statusCode?: number }).statusCode ?? -1;
  }
}

/** Pushes an image and returns what it is made of. */
async function pushImage(options: {
  readonly tag: string;
  readonly architecture: string;
  readonly layer: Buffer;
  readonly mediaType?: string;
}) {
  const { tag, architecture, layer, mediaType = ociManifest } = options;
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture, tag }));
  for (const bytes of [config, layer])
    assert.deepEqual(await content.uploadBlob(bytes), { digest: digestOf(bytes), sizeInBytes: bytes.length });
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length },
    ],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  assert.deepEqual(await content.setManifest(bytes, { tag, mediaType }), { digest: digestOf(bytes) });
  return { digest: digestOf(bytes), bytes, layer, size: config.length + layer.length };
}

type Image = Awaited<ReturnType<typeof pushImage>>;

async function pull(reference: string, image: Image): Promise<void> {
  const { digest, manifest, mediaType, content: bytes } = await content.getManifest(reference);
  assert.equal(digest, image.digest);
  assert.ok([ociManifest, dockerManifest].includes(mediaType));
  assert.deepEqual(manifest, JSON.parse(image.bytes.toString()));
  assert.deepEqual(Buffer.from(bytes), image.bytes);
  const layer = await content.downloadBlob(digestOf(image.layer));
  assert.deepEqual(await buffer(layer.content), image.layer);
}

async function lists(first: Image, second: Image, index: string): Promise<void> {
  const repository = registry.getRepository(given.repository);
  assert.ok((await all(registry.listRepositoryNames())).includes(given.repository));
  const manifests = async (order?: string) =>
    (await all(repository.listManifestProperties(order === undefined ? {} : { order }))).map(
      ({ digest }) => digest,
    );
  assert.deepEqual(await manifests('LastUpdatedOnAscending'), [first.digest, second.digest, index]);
  assert.deepEqual(await manifests('LastUpdatedOnDescending'), [index, second.digest, first.digest]);
  assert.deepEqual(await manifests(), [first.digest, second.digest, index].sort());
  const tags = async (order?: string) =>
    (await all(repository.getArtifact('b').listTagProperties(order === undefined ? {} : { order }))).map(
      ({ name }) => name,
    );
  assert.deepEqual(await tags('LastUpdatedOnAscending'), ['b', 'c', 'a']);
  assert.deepEqual(await tags('LastUpdatedOnDescending'), ['a', 'c', 'b']);
  assert.deepEqual(await tags(), ['a', 'b', 'c']);
}

/** Shuts all four flags, sees that they work, and opens them again. */
async function flags(
  change: (flags: typeof open) => Promise<typeof open>,
  read: () => Promise<typeof open>,
  whileShut: () => Promise<void>,
): Promise<void> {
  const four = ({ canDelete, canWrite, canList, canRead }: typeof open) => ({
    canDelete,
    canWrite,
    canList,
    canRead,
  });
  assert.deepEqual(four(await read()), open);
  for (const name of Object.keys(open)) {
    const one = { [name]: false } as unknown as typeof open;
    assert.deepEqual(four(await change(one)), { ...open, [name]: false });
    await change(open);
  }
  assert.deepEqual(four(await change(shut)), shut);
  assert.deepEqual(four(await read()), shut);
  await whileShut();
  assert.deepEqual(four(await change(open)), open);
}

async function attributes(first: Image, second: Image, index: string): Promise<void> {
  const repository: Repository = registry.getRepository(given.repository);
  const { createdOn, lastUpdatedOn, ...properties } = await repository.getProperties();
  assert.ok(createdOn <= lastUpdatedOn);
  const { registryLoginServer, name, manifestCount, tagCount } = properties;
  assert.deepEqual(
    [registryLoginServer, name, manifestCount, tagCount],
    [loginServer, given.repository, 3, 3],
  );
  await flags(
    (changes) => repository.updateProperties(changes),
    () => repository.getProperties(),
    async () => {
      assert.equal(await statusOf(content.setManifest(first.bytes, { tag: 'new' })), 405);
      assert.equal(await statusOf(content.getManifest('b')), 405);
      assert.equal(await statusOf(repository.delete()), 405);
      assert.ok(!(await all(registry.listRepositoryNames())).includes(given.repository));
    },
  );
  const artifact: Artifact = repository.getArtifact('b');
  const tag = await artifact.getTagProperties('b');
  assert.deepEqual(
    [tag.registryLoginServer, tag.repositoryName, tag.name, tag.digest],
    [loginServer, given.repository, 'b', first.digest],
  );
  await flags(
    (changes) => artifact.updateTagProperties('b', changes),
    () => artifact.getTagProperties('b'),
    async () => {
      assert.equal(
        await statusOf(content.setManifest(second.bytes, { tag: 'b', mediaType: dockerManifest })),
        405,
      );
      assert.equal(await statusOf(content.getManifest('b')), 405);
      assert.equal(await statusOf(artifact.deleteTag('b')), 405);
      assert.deepEqual(
        (await all(artifact.listTagProperties())).map(({ name }) => name),
        ['a', 'c'],
      );
    },
  );
  const shown = await artifact.getManifestProperties();
  assert.deepEqual(
    [shown.digest, shown.architecture, shown.operatingSystem, shown.sizeInBytes, shown.tags],
    [first.digest, 'amd64', 'linux', first.size, ['b']],
  );
  const shownIndex = await repository.getArtifact(index).getManifestProperties();
  // In no order that is promised.
  assert.deepEqual(
    new Set(shownIndex.relatedArtifacts),
    new Set([
      { digest: first.digest, architecture: 'amd64', operatingSystem: 'linux' },
      { digest: second.digest, architecture: 'arm64', operatingSystem: 'linux' },
    ]),
  );
  await flags(
    (changes) => artifact.updateManifestProperties(changes),
    () => artifact.getManifestProperties(),
    async () => {
      assert.equal(await statusOf(content.getManifest(first.digest)), 405);
      assert.equal(await statusOf(artifact.delete()), 405);
    },
  );
}

async function deletions(first: Image, index: string): Promise<void> {
  const artifact = registry.getArtifact(given.repository, index);
  await artifact.deleteTag('a');
  assert.equal(await statusOf(artifact.getTagProperties('a')), 404);
  await content.deleteManifest(index);
  assert.equal(await statusOf(content.getManifest(index)), 404);
  // What is gone already is a success to this library.
  await content.deleteManifest(index);
  await registry.getArtifact(given.repository, 'b').delete();
  assert.equal(await statusOf(content.getManifest(first.digest)), 404);
  const { digest } = await content.uploadBlob(Buffer.from('of no manifest'));
  await content.deleteBlob(digest);
  assert.equal(await statusOf(content.downloadBlob(digest)), 404);
  await registry.getRepository(given.repository).delete();
  assert.equal(await statusOf(registry.getRepository(given.repository).getProperties()), 404);
  await registry.deleteRepository(given.repository);
}

async function everything(): Promise<void> {
  // Of more than one chunk of 4 MiB.
  const large = Buffer.alloc(5 * 1024 * 1024 + 17, 'layer of b');
  const first = await pushImage({ tag: 'b', architecture: 'amd64', layer: large });
  const second = await pushImage({
    tag: 'c',
    architecture: 'arm64',
    layer: Buffer.from('layer of c'),
    mediaType: dockerManifest,
  });
  const child = ({ digest, bytes }: Image, mediaType: string, architecture: string) => ({
    mediaType,
    digest,
    size: bytes.length,
    platform: { os: 'linux', architecture },
  });
  const manifests = [child(first, ociManifest, 'amd64'), child(second, dockerManifest, 'arm64')];
  const indexOptions = { tag: 'a', mediaType: ociIndex };
  const index = await content.setManifest({ schemaVersion: 2, mediaType: ociIndex, manifests }, indexOptions);
  await pull('b', first);
  await pull(second.digest, second);
  await lists(first, second, index.digest);
  await attributes(first, second, index.digest);
  await deletions(first, index.digest);
}

async function loginReadWrite(): Promise<void> {
  const image = await pushImage({ tag: 'v1', architecture: 'amd64', layer: Buffer.from('small') });
  await pull('v1', image);
  const tag = await registry.getArtifact(given.repository, 'v1').getTagProperties('v1');
  assert.equal(tag.digest, image.digest);
}

function methodsOf(name: string, object: object): string[] {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object));
  return names.filter((member) => member !== 'constructor').map((member) => `${name}.${member}`);
}

try {
  await (given.work === 'everything' ? everything() : loginReadWrite());
} catch (error) {
  if (!(error instanceof Error) || !error.message.includes('AADSTS')) throw error;
  console.log(JSON.stringify({ refused: error.message }));
  process.exit(0);
}
const there = [
  ...methodsOf('ContainerRegistryClient', rawRegistry),
  ...methodsOf('ContainerRegistryContentClient', rawContent),
  ...methodsOf('ContainerRepository', rawRegistry.getRepository('any')),
  ...methodsOf('RegistryArtifact', rawRegistry.getArtifact('any', 'any')),
];
console.log(JSON.stringify({ called: [...called].sort(), there: there.sort() }));
