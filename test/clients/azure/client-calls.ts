/**
 * What Azure's own clients are called with by the tests of this folder's programs, by the operations of ACR that it leads
 * to. The tests compare it with what the programs did, and with what the clients have; the documentation shows it.
 */
export interface ClientCalls {
  /** As in the specifications of ACR. */
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
  {
    operation: 'GetRepositories, Catalog',
    npm: registry('listRepositoryNames'),
    pypi: ['list_repository_names'],
    go: client('NewListRepositoriesPager'),
    az: ['repository list'],
  },
  {
    operation: 'GetProperties',
    npm: [...registry('getRepository'), ...repository('getProperties')],
    pypi: ['get_repository_properties'],
    go: client('GetRepositoryProperties'),
    az: ['repository show'],
  },
  {
    operation: 'UpdateProperties',
    npm: repository('updateProperties'),
    pypi: ['update_repository_properties'],
    go: client('UpdateRepositoryProperties'),
    az: ['repository update'],
  },
  {
    operation: 'DeleteRepository',
    npm: [...registry('deleteRepository'), ...repository('delete')],
    pypi: ['delete_repository'],
    go: client('DeleteRepository'),
    az: ['repository delete'],
  },
  {
    operation: 'GetTags',
    npm: artifact('listTagProperties'),
    pypi: ['list_tag_properties'],
    go: client('NewListTagsPager'),
    az: ['repository show-tags'],
  },
  {
    operation: 'GetTagProperties',
    npm: artifact('getTagProperties'),
    pypi: ['get_tag_properties'],
    go: client('GetTagProperties'),
    az: ['repository show'],
  },
  {
    operation: 'UpdateTagAttributes',
    npm: artifact('updateTagProperties'),
    pypi: ['update_tag_properties'],
    go: client('UpdateTagProperties'),
    az: ['repository update'],
  },
  {
    operation: 'DeleteTag',
    npm: artifact('deleteTag'),
    pypi: ['delete_tag'],
    go: client('DeleteTag'),
    az: ['repository untag'],
  },
  {
    operation: 'GetManifests',
    npm: repository('listManifestProperties'),
    pypi: ['list_manifest_properties'],
    go: client('NewListManifestsPager'),
    az: ['manifest list', 'manifest list-metadata'],
  },
  {
    operation: 'GetManifestProperties',
    npm: [...registry('getArtifact'), ...repository('getArtifact'), ...artifact('getManifestProperties')],
    pypi: ['get_manifest_properties'],
    go: client('GetManifestProperties'),
    az: ['manifest show-metadata'],
  },
  {
    operation: 'UpdateManifestProperties',
    npm: artifact('updateManifestProperties'),
    pypi: ['update_manifest_properties'],
    go: client('UpdateManifestProperties'),
    az: ['manifest update-metadata'],
  },
  {
    operation: 'GetManifest',
    npm: content('getManifest'),
    pypi: ['get_manifest'],
    go: client('GetManifest'),
    az: ['manifest show'],
  },
  {
    operation: 'CreateManifest',
    npm: content('setManifest'),
    pypi: ['set_manifest'],
    go: client('UploadManifest'),
  },
  {
    operation: 'DeleteManifest',
    npm: [...content('deleteManifest'), ...artifact('delete')],
    pypi: ['delete_manifest'],
    go: client('DeleteManifest'),
    az: ['manifest delete', 'repository delete'],
  },
  {
    operation: 'GetBlob, GetChunk',
    npm: content('downloadBlob'),
    pypi: ['download_blob'],
    go: blob('GetBlob', 'GetChunk'),
  },
  { operation: 'CheckBlobExists, CheckChunkExists', go: blob('CheckBlobExists', 'CheckChunkExists') },
  {
    operation: 'StartUpload, UploadChunk, CompleteUpload',
    npm: content('uploadBlob'),
    pypi: ['upload_blob'],
    go: blob('StartUpload', 'UploadChunk', 'CompleteUpload'),
  },
  { operation: 'GetUploadStatus, CancelUpload', go: blob('GetUploadStatus', 'CancelUpload') },
  { operation: 'MountBlob', go: blob('MountBlob') },
  {
    operation: 'DeleteBlob',
    npm: content('deleteBlob'),
    pypi: ['delete_blob'],
    go: blob('DeleteBlob'),
  },
  { operation: 'Referrers', az: ['manifest list-referrers'] },
  { operation: 'RefreshTokens_GetFromExchange, AccessTokens_Get', az: ['login', 'check-health'] },
];

/** All that is called of one client, sorted, each once. */
export function callsOf(kind: 'npm' | 'pypi' | 'go' | 'az'): string[] {
  return [...new Set(clientCalls.flatMap((row) => row[kind] ?? []))].sort();
}
