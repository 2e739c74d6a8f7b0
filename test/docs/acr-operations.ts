import { type Proof, provedBy } from './proof.ts';

/** One operation of ACR, under the name that its specification has, and the tests that show it here. */
export interface AcrOperation {
  readonly name: string;
  readonly request: string;
  /** None: the operation is not there yet. */
  readonly proofs: readonly Proof[];
  /** What a client may notice. */
  readonly note?: string;
}

const http = (file: string, ...tests: string[]) => provedBy(`test/http/${file}.test.ts`, ...tests);
const tokens = (...tests: string[]) =>
  provedBy('packages/server/src/http/oauth2/oauth2-routes.test.ts', ...tests);
const none: readonly Proof[] = [];

export const loginOperations: readonly AcrOperation[] = [
  {
    name: 'Challenge of `/v2/`',
    request: '`GET /v2/`',
    proofs: http(
      'admission',
      'asks for credentials, for a known host and for the right, before it does anything',
    ),
  },
  {
    name: 'AccessTokens_GetFromLogin',
    request: '`GET /oauth2/token`',
    proofs: tokens(
      'gives docker a token for what it asked',
      'without credentials is anonymous: reads only where the switch is on, 401 where it is off',
    ),
    note: '`offline_token` is not answered with a refresh token.',
  },
  {
    name: 'AccessTokens_Get',
    request: '`POST /oauth2/token`, grant types `password` and `refresh_token`',
    proofs: tokens(
      'takes user and password from the form',
      'takes a refresh token',
      'with an empty refresh token and no user is anonymous, as the SDKs of Azure ask',
    ),
  },
  {
    name: 'RefreshTokens_GetFromExchange',
    request: '`POST /oauth2/exchange`',
    proofs: provedBy(
      'packages/server/src/http/oauth2/exchange.test.ts',
      'gives a refresh token of three hours, with the claims of ACR, and that gives an access token',
      'takes what the kubelet sends: the same token twice, and an empty tenant',
    ),
    note: "Takes tokens of Cerulean's own directory and of trusted issuers. Its own refresh tokens can't be prolonged.",
  },
];

export const ociOperations: readonly AcrOperation[] = [
  {
    name: 'ContainerRegistry_CheckDockerV2Support',
    request: '`GET /v2/`',
    proofs: http(
      'admission',
      'asks for credentials, for a known host and for the right, before it does anything',
    ),
  },
  {
    name: 'ContainerRegistry_GetManifest',
    request: '`GET`, `HEAD /v2/{name}/manifests/{reference}`',
    proofs: http('manifests', 'a manifest comes back by tag and by digest, byte for byte'),
  },
  {
    name: 'ContainerRegistry_CreateManifest',
    request: '`PUT /v2/{name}/manifests/{reference}`',
    proofs: http(
      'manifests',
      'a push by digest points as many tags as it names, and says which',
      'a manifest whose parts are missing is refused, naming them all; a sparse registry lets it in',
      'two writers can not overwrite each other unknowingly',
    ),
    note: 'Also `?tag=`, If-Match and `If-None-Match: *`.',
  },
  {
    name: 'ContainerRegistry_DeleteManifest',
    request: '`DELETE /v2/{name}/manifests/{reference}`',
    proofs: http(
      'manifests',
      'deleting a tag leaves the manifest; deleting the manifest takes its tags along',
      'what a manifest needs is not deleted from under it',
    ),
    note: 'A tag may be named too.',
  },
  {
    name: 'ContainerRegistryBlob_GetBlob, ContainerRegistryBlob_GetChunk',
    request: '`GET /v2/{name}/blobs/{digest}`',
    proofs: http(
      'pull-blob',
      'a blob comes back as it went in, with its digest, its length and what caches need to know',
      'several ranges come as one multipart body of the length that was announced',
    ),
    note: 'Never redirected.',
  },
  {
    name: 'ContainerRegistryBlob_CheckBlobExists, ContainerRegistryBlob_CheckChunkExists',
    request: '`HEAD /v2/{name}/blobs/{digest}`',
    proofs: http(
      'pull-blob',
      'a blob comes back as it went in, with its digest, its length and what caches need to know',
    ),
  },
  {
    name: 'ContainerRegistryBlob_DeleteBlob',
    request: '`DELETE /v2/{name}/blobs/{digest}`',
    proofs: http('pull-blob', 'a blob is read only through a repository that links it'),
    note: 'The link goes; the bytes stay on the disk.',
  },
  {
    name: 'ContainerRegistryBlob_StartUpload',
    request: '`POST /v2/{name}/blobs/uploads/`',
    proofs: http('push-blob', 'starting an upload says where it goes on, and writes nothing'),
  },
  {
    name: 'ContainerRegistryBlob_UploadChunk',
    request: '`PATCH` upload',
    proofs: http(
      'push-blob',
      'a chunk without Content-Range is appended, and the last one may come with the PUT',
      'of two writers that go on from one place exactly one wins',
    ),
  },
  {
    name: 'ContainerRegistryBlob_CompleteUpload',
    request: '`PUT` upload `?digest=`',
    proofs: http(
      'push-blob',
      'a wrong digest is refused, and the upload stays as it was',
      'sha512 works beside sha256, whether or not the upload said so at its start',
    ),
  },
  {
    name: 'ContainerRegistryBlob_GetUploadStatus',
    request: '`GET` upload',
    proofs: http('push-blob', 'an upload survives a restart, also where its hash has to be made again'),
  },
  {
    name: 'ContainerRegistryBlob_CancelUpload',
    request: '`DELETE` upload',
    proofs: http('push-blob', 'a cancelled upload is over, and its bytes are given up'),
  },
  {
    name: 'ContainerRegistryBlob_MountBlob',
    request: '`POST /v2/{name}/blobs/uploads/?mount=&from=`',
    proofs: http('mount-blob', 'a blob is mounted from a repository that has it, named or not'),
  },
  {
    name: 'Referrers',
    request: '`GET /v2/{name}/referrers/{digest}`',
    proofs: http(
      'listings',
      'referrers are listed with artifact type and annotations, filtered and page by page',
    ),
  },
  {
    name: 'Tags',
    request: '`GET /v2/{name}/tags/list`',
    proofs: http('listings', 'tags come in byte order, page by page, each once'),
  },
  {
    name: 'Catalog',
    request: '`GET /v2/_catalog`',
    proofs: http('listings', 'the catalog lists repositories that hold a manifest, in byte order'),
    note: 'Repositories without a manifest are not listed.',
  },
];

const flagsSet = 'a PATCH changes the flags that it names, and shows all';

export const acrOperations: readonly AcrOperation[] = [
  {
    name: 'ContainerRegistry_GetRepositories',
    request: '`GET /acr/v1/_catalog`',
    proofs: http('acr-v1', 'the catalog comes page by page, with Links below its own path'),
    note: 'Repositories without a manifest are not listed.',
  },
  {
    name: 'ContainerRegistry_GetProperties',
    request: '`GET /acr/v1/{name}`',
    proofs: http(
      'acr-v1',
      'a repository shows what it holds, how much, and since when, however its name is written',
    ),
    note: 'Also `size`, in bytes.',
  },
  {
    name: 'ContainerRegistry_UpdateProperties',
    request: '`PATCH /acr/v1/{name}`',
    proofs: http(
      'content-flags',
      flagsSet,
      'a repository that may not be read gives nothing away, by either way of a pull',
      'to a repository that may not be written nothing is pushed, begun, mounted, tagged or deleted',
      'a repository that may not be deleted loses single images all the same',
    ),
  },
  {
    name: 'ContainerRegistry_DeleteRepository',
    request: '`DELETE /acr/v1/{name}`',
    proofs: http('acr-v1', 'a deleted repository is gone from every surface, and tells what went with it'),
  },
  {
    name: 'ContainerRegistry_GetTags',
    request: '`GET /acr/v1/{name}/_tags`',
    proofs: http(
      'acr-v1',
      'tags and manifests come in byte order or by time, page by page, each once',
      'tags are filtered by the manifest that they point at',
    ),
  },
  {
    name: 'ContainerRegistry_GetTagProperties',
    request: '`GET /acr/v1/{name}/_tags/{tag}`',
    proofs: http(
      'acr-v1',
      'a tag shows what it points at, and an unknown one is refused in the words of ACR',
      'pulls are counted without a write, and shown once they are recorded',
    ),
    note: 'Also `pullCount` and `lastPullTime`. `signed` is always false.',
  },
  {
    name: 'ContainerRegistry_UpdateTagAttributes',
    request: '`PATCH /acr/v1/{name}/_tags/{tag}`',
    proofs: http(
      'content-flags',
      flagsSet,
      'a locked tag stays where it points, and keeps its manifest and its repository',
      'what is not listed is in no list of any surface, and is found by its name',
    ),
  },
  {
    name: 'ContainerRegistry_DeleteTag',
    request: '`DELETE /acr/v1/{name}/_tags/{tag}`',
    proofs: http('acr-v1', 'untagging leaves the manifest, and says what the tag pointed at'),
  },
  {
    name: 'ContainerRegistry_GetManifests',
    request: '`GET /acr/v1/{name}/_manifests`',
    proofs: http('acr-v1', 'tags and manifests come in byte order or by time, page by page, each once'),
  },
  {
    name: 'ContainerRegistry_GetManifestProperties',
    request: '`GET /acr/v1/{name}/_manifests/{digest}`',
    proofs: http(
      'acr-v1',
      'a manifest shows its platform, its size and its tags, an index what it refers to',
      'pulls are counted without a write, and shown once they are recorded',
    ),
    note: 'Also `artifactType`, `pullCount` and `lastPullTime`. `imageSize` of an index is that of its images.',
  },
  {
    name: 'ContainerRegistry_UpdateManifestProperties',
    request: '`PATCH /acr/v1/{name}/_manifests/{digest}`',
    proofs: http(
      'content-flags',
      flagsSet,
      'a tag that may not be read keeps from pulling by it, and a manifest from pulling it at all',
    ),
    note: 'Quarantine is refused: there is none.',
  },
  {
    name: 'Deletion of a manifest',
    request: '`DELETE /acr/v1/{name}/_manifests/{digest}`',
    proofs: http('acr-v1', 'deleting a manifest takes its tags along'),
  },
  {
    name: 'Soft delete',
    request: '`/acr/v1/_deleted/…`',
    proofs: none,
    note: 'Answered with 405: the feature is off.',
  },
  { name: 'Artifact streaming', request: '`/acr/v1/{name}/_streaming…`', proofs: none },
];

/** The control plane (Microsoft.ContainerRegistry). The operator's command has some of it in another form. */
export const controlOperations: readonly AcrOperation[] = [
  { name: 'Operations_List', request: '`GET …/operations`', proofs: none },
  { name: 'Registries_CheckNameAvailability', request: '`POST …/checkNameAvailability`', proofs: none },
  {
    name: 'Registries_List, Registries_ListByResourceGroup, Registries_Get',
    request: '`GET …/registries[/{registry}]`',
    proofs: none,
    note: 'Command: `registry list`, `registry show`.',
  },
  {
    name: 'Registries_Create, Registries_Update',
    request: '`PUT`, `PATCH …/registries/{registry}`',
    proofs: none,
    note: 'Command: `registry create`, `registry set`.',
  },
  {
    name: 'Registries_Delete',
    request: '`DELETE …/registries/{registry}`',
    proofs: none,
    note: 'Command: `registry delete`.',
  },
  {
    name: 'Registries_ListCredentials',
    request: '`POST …/listCredentials`',
    proofs: none,
    note: 'Command: `credentials show`.',
  },
  {
    name: 'Registries_RegenerateCredential',
    request: '`POST …/regenerateCredential`',
    proofs: none,
    note: 'Command: `credentials regenerate`.',
  },
  { name: 'Registries_ListUsages', request: '`GET …/listUsages`', proofs: none },
  { name: 'Registries_ImportImage', request: '`POST …/importImage`', proofs: none },
  {
    name: 'Registries_GenerateCredentials',
    request: '`POST …/generateCredentials`',
    proofs: none,
    note: 'Command: `token renew`.',
  },
  {
    name: 'ScopeMaps, Tokens',
    request: '`…/scopeMaps`, `…/tokens`',
    proofs: none,
    note: 'Commands: `scope-map`, `token`.',
  },
  { name: 'Webhooks', request: '`…/webhooks`', proofs: none },
  { name: 'Replications', request: '`…/replications`', proofs: none },
  { name: 'CacheRules, CredentialSets', request: '`…/cacheRules`, `…/credentialSets`', proofs: none },
  { name: 'ConnectedRegistries', request: '`…/connectedRegistries`', proofs: none },
  {
    name: 'PrivateEndpointConnections, private link resources',
    request: '`…/privateEndpointConnections`, `…/privateLinkResources`',
    proofs: none,
  },
  {
    name: 'ExportPipelines, ImportPipelines, PipelineRuns',
    request: '`…/exportPipelines`, `…/importPipelines`, `…/pipelineRuns`',
    proofs: none,
  },
  { name: 'Tasks, TaskRuns, Runs, AgentPools', request: '`…/tasks` and so on', proofs: none },
];
