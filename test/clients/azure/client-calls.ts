/**
 * What is called of Azure's own clients, by the operation of ACR that it leads to. The tests with these clients compare it
 * with what was done and with what the libraries have; the documentation shows it.
 */
export interface ClientCalls {
  /** As test/docs/acr-operations.ts names it. */
  readonly operation: string;
  /** Methods of `@azure/container-registry`. */
  readonly npm?: readonly string[];
  /** Methods of `azure-containerregistry`'s ContainerRegistryClient. */
  readonly pypi?: readonly string[];
  /** Methods of `azcontainerregistry`. */
  readonly go?: readonly string[];
  /** Commands of `az acr`. */
  readonly az?: readonly string[];
}

const registry = (...names: string[]) => names.map((name) => `ContainerRegistryClient.${name}`);
const content = (...names: string[]) => names.map((name) => `ContainerRegistryContentClient.${name}`);
const repository = (...names: string[]) => names.map((name) => `ContainerRepository.${name}`);
const artifact = (...names: string[]) => names.map((name) => `RegistryArtifact.${name}`);
const client = (...names: string[]) => names.map((name) => `Client.${name}`);
const blob = (...names: string[]) => names.map((name) => `BlobClient.${name}`);

export const clientCalls: readonly ClientCalls[] = [
  { operation: 'RefreshTokens_GetFromExchange', az: ['login', 'check-health'] },
  { operation: 'AccessTokens_Get', az: ['check-health'] },
  {
    operation: 'ContainerRegistry_GetRepositories',
    npm: registry('listRepositoryNames'),
    pypi: ['list_repository_names'],
    go: client('NewListRepositoriesPager'),
  },
  { operation: 'Catalog', az: ['repository list'] },
  {
    operation: 'ContainerRegistry_GetProperties',
    npm: [...registry('getRepository'), ...repository('getProperties')],
    pypi: ['get_repository_properties'],
    go: client('GetRepositoryProperties'),
    az: ['repository show'],
  },
  {
    operation: 'ContainerRegistry_UpdateProperties',
    npm: repository('updateProperties'),
    pypi: ['update_repository_properties'],
    go: client('UpdateRepositoryProperties'),
    az: ['repository update'],
  },
  {
    operation: 'ContainerRegistry_DeleteRepository',
    npm: [...registry('deleteRepository'), ...repository('delete')],
    pypi: ['delete_repository'],
    go: client('DeleteRepository'),
    az: ['repository delete'],
  },
  {
    operation: 'ContainerRegistry_GetTags',
    npm: artifact('listTagProperties'),
    pypi: ['list_tag_properties'],
    go: client('NewListTagsPager'),
    az: ['repository show-tags'],
  },
  {
    operation: 'ContainerRegistry_GetTagProperties',
    npm: artifact('getTagProperties'),
    pypi: ['get_tag_properties'],
    go: client('GetTagProperties'),
    az: ['repository show'],
  },
  {
    operation: 'ContainerRegistry_UpdateTagAttributes',
    npm: artifact('updateTagProperties'),
    pypi: ['update_tag_properties'],
    go: client('UpdateTagProperties'),
    az: ['repository update'],
  },
  {
    operation: 'ContainerRegistry_DeleteTag',
    npm: artifact('deleteTag'),
    pypi: ['delete_tag'],
    go: client('DeleteTag'),
    az: ['repository untag'],
  },
  {
    operation: 'ContainerRegistry_GetManifests',
    npm: repository('listManifestProperties'),
    pypi: ['list_manifest_properties'],
    go: client('NewListManifestsPager'),
    az: ['manifest list', 'manifest list-metadata'],
  },
  {
    operation: 'ContainerRegistry_GetManifestProperties',
    npm: [...registry('getArtifact'), ...repository('getArtifact'), ...artifact('getManifestProperties')],
    pypi: ['get_manifest_properties'],
    go: client('GetManifestProperties'),
    az: ['manifest show-metadata'],
  },
  {
    operation: 'ContainerRegistry_UpdateManifestProperties',
    npm: artifact('updateManifestProperties'),
    pypi: ['update_manifest_properties'],
    go: client('UpdateManifestProperties'),
    az: ['manifest update-metadata'],
  },
  {
    operation: 'ContainerRegistry_GetManifest',
    npm: content('getManifest'),
    pypi: ['get_manifest'],
    go: client('GetManifest'),
    az: ['manifest show'],
  },
  {
    operation: 'ContainerRegistry_CreateManifest',
    npm: content('setManifest'),
    pypi: ['set_manifest'],
    go: client('UploadManifest'),
  },
  {
    operation: 'ContainerRegistry_DeleteManifest',
    npm: [...content('deleteManifest'), ...artifact('delete')],
    pypi: ['delete_manifest'],
    go: client('DeleteManifest'),
    az: ['manifest delete', 'repository delete'],
  },
  {
    operation: 'ContainerRegistryBlob_GetBlob, ContainerRegistryBlob_GetChunk',
    npm: content('downloadBlob'),
    pypi: ['download_blob'],
    go: blob('GetBlob', 'GetChunk'),
  },
  {
    operation: 'ContainerRegistryBlob_CheckBlobExists, ContainerRegistryBlob_CheckChunkExists',
    go: blob('CheckBlobExists', 'CheckChunkExists'),
  },
  {
    operation: 'ContainerRegistryBlob_DeleteBlob',
    npm: content('deleteBlob'),
    pypi: ['delete_blob'],
    go: blob('DeleteBlob'),
  },
  {
    operation: 'ContainerRegistryBlob_StartUpload',
    npm: content('uploadBlob'),
    pypi: ['upload_blob'],
    go: blob('StartUpload'),
  },
  {
    operation: 'ContainerRegistryBlob_UploadChunk',
    npm: content('uploadBlob'),
    pypi: ['upload_blob'],
    go: blob('UploadChunk'),
  },
  {
    operation: 'ContainerRegistryBlob_CompleteUpload',
    npm: content('uploadBlob'),
    pypi: ['upload_blob'],
    go: blob('CompleteUpload'),
  },
  { operation: 'ContainerRegistryBlob_GetUploadStatus', go: blob('GetUploadStatus') },
  { operation: 'ContainerRegistryBlob_CancelUpload', go: blob('CancelUpload') },
  { operation: 'ContainerRegistryBlob_MountBlob', go: blob('MountBlob') },
  { operation: 'Referrers', az: ['manifest list-referrers'] },
];

/** All that is called of one client, sorted, each once. */
export function callsOf(kind: 'npm' | 'pypi' | 'go' | 'az'): string[] {
  return [...new Set(clientCalls.flatMap((row) => row[kind] ?? []))].sort();
}
