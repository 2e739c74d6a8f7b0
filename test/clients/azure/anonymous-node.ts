/**
 * What `@azure/container-registry` sees of a registry without credentials, as JSON:
 * `node anonymous-node.ts SDKFOLDER ENDPOINT REPOSITORY TAG`. The SDK is no dependency of this project.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { buffer } from 'node:stream/consumers';

interface Paged<T> extends AsyncIterable<T> {
  byPage(options: { readonly maxPageSize: number }): AsyncIterable<readonly T[]>;
}

/** What is used of the SDK, as its own declarations have it. */
interface Sdk {
  readonly ContainerRegistryClient: new (
    endpoint: string,
    options: object,
  ) => {
    listRepositoryNames(): Paged<string>;
    getRepository(name: string): Repository;
    getArtifact(name: string, reference: string): Artifact;
  };
  readonly ContainerRegistryContentClient: new (
    endpoint: string,
    repository: string,
    options: object,
  ) => {
    getManifest(reference: string): Promise<{ digest: string; manifest: { layers: { digest: string }[] } }>;
    downloadBlob(digest: string): Promise<{ content: NodeJS.ReadableStream }>;
  };
}

interface Repository {
  getProperties(): Promise<{ manifestCount: number; tagCount: number; canWrite: boolean }>;
  listManifestProperties(options: object): Paged<{ digest: string }>;
}

interface Artifact {
  getManifestProperties(): Promise<{ tags: string[]; architecture: string; sizeInBytes: number }>;
  getTagProperties(tag: string): Promise<{ digest: string; canDelete: boolean }>;
  listTagProperties(options: object): Paged<{ name: string }>;
  deleteTag(tag: string): Promise<void>;
}

const [sdkFolder = '', endpoint = '', repository = '', tag = ''] = process.argv.slice(2);
const sdk = createRequire(`${sdkFolder}/`)('@azure/container-registry') as Sdk;
const options = { audience: 'https://containerregistry.azure.net' };
const client = new sdk.ContainerRegistryClient(endpoint, options);
const content = new sdk.ContainerRegistryContentClient(endpoint, repository, options);
const artifact = client.getArtifact(repository, tag);

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

const properties = await client.getRepository(repository).getProperties();
const tags = await all(artifact.listTagProperties({ order: 'LastUpdatedOnDescending' }));
const byAge = { order: 'LastUpdatedOnAscending' };
const manifests = await all(client.getRepository(repository).listManifestProperties(byAge));
const oneTag = await artifact.getTagProperties(tag);
const oneManifest = await artifact.getManifestProperties();
const downloaded = await content.getManifest(tag);
const layer = await content.downloadBlob(downloaded.manifest.layers[0]?.digest ?? '');
console.log(
  JSON.stringify({
    repositories: await all(client.listRepositoryNames()),
    manifestCount: properties.manifestCount,
    tagCount: properties.tagCount,
    canWrite: properties.canWrite,
    tagsByTime: tags.map((item) => item.name),
    manifestsByTime: manifests.map((item) => item.digest),
    tagDigest: oneTag.digest,
    tagCanDelete: oneTag.canDelete,
    manifestTags: oneManifest.tags,
    architecture: oneManifest.architecture,
    sizeInBytes: oneManifest.sizeInBytes,
    downloadedDigest: downloaded.digest,
    layerDigest: `sha256:${createHash('sha256')
      .update(await buffer(layer.content))
      .digest('hex')}`,
    deleteRefused: await statusOf(artifact.deleteTag(tag)),
  }),
);
