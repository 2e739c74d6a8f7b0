import type { Permissions } from './permissions.ts';

/** A role as Azure defines it. Its id is the same in every deployment, and is what an assignment keeps. */
export interface RoleDefinition {
  /** A GUID in lower case. */
  readonly id: string;
  readonly name: string;
  readonly permissions: Permissions;
}

const R = 'Microsoft.ContainerRegistry/registries/';
const all = (kind: string): string[] => [`${R}${kind}/read`, `${R}${kind}/write`, `${R}${kind}/delete`];
const statuses = (kind: string): string => `${R}${kind}/operationStatuses/read`;

const repositoryReader = [`${R}repositories/metadata/read`, `${R}repositories/content/read`];
const repositoryWriter = [
  ...repositoryReader,
  `${R}repositories/metadata/write`,
  `${R}repositories/content/write`,
];
const repositoryContributor = [
  ...repositoryWriter,
  `${R}repositories/metadata/delete`,
  `${R}repositories/content/delete`,
];

/** What an administrator of a registry's configuration reads; the rest of the two roles is made of it. */
const configurationReader = [
  `${R}read`,
  `${R}operationStatuses/read`,
  `${R}listUsages/read`,
  ...['replications', 'privateEndpointConnections', 'tokens', 'scopeMaps', 'webhooks'].flatMap((kind) => [
    `${R}${kind}/read`,
    statuses(kind),
  ]),
  `${R}connectedRegistries/read`,
  'Microsoft.ContainerRegistry/locations/operationResults/read',
  'Microsoft.Insights/diagnosticSettings/read',
  'Microsoft.Insights/alertRules/read',
];
const configurationAdministrator = [
  ...configurationReader,
  `${R}write`,
  `${R}delete`,
  `${R}listCredentials/action`,
  `${R}regenerateCredential/action`,
  `${R}generateCredentials/action`,
  `${R}privateEndpointConnectionsApproval/action`,
  ...[
    'replications',
    'privateEndpointConnections',
    'tokens',
    'scopeMaps',
    'connectedRegistries',
    'webhooks',
  ].flatMap((kind) => [`${R}${kind}/write`, `${R}${kind}/delete`]),
  `${R}connectedRegistries/deactivate/action`,
  `${R}webhooks/getCallbackConfig/action`,
  `${R}webhooks/ping/action`,
  `${R}webhooks/listEvents/action`,
  'Microsoft.Insights/diagnosticSettings/*',
  'Microsoft.Insights/alertRules/*',
];
const tasksContributor = [
  ...all('tasks'),
  `${R}tasks/listDetails/action`,
  ...all('taskruns'),
  `${R}taskruns/listDetails/action`,
  statuses('taskruns'),
  `${R}runs/read`,
  `${R}runs/write`,
  `${R}runs/listLogSasUrl/action`,
  `${R}runs/cancel/action`,
  ...all('agentpools'),
  `${R}agentpools/listQueueStatus/action`,
  statuses('agentpools'),
  `${R}scheduleRun/action`,
  `${R}listBuildSourceUploadUrl/action`,
  `${R}read`,
];
const transferPipelines = ['exportPipelines', 'importPipelines', 'pipelineRuns'].flatMap((kind) => [
  ...all(kind),
  statuses(kind),
]);

function role(id: string, name: string, granted: Partial<Permissions>): RoleDefinition {
  return {
    id,
    name,
    permissions: { actions: [], notActions: [], dataActions: [], notDataActions: [], ...granted },
  };
}

/** The built-in roles that say something about registries, with Azure's ids, names and permissions. */
export const builtInRoles: readonly RoleDefinition[] = [
  role('7f951dda-4ed3-4680-a7ca-43fe172d538d', 'AcrPull', { actions: [`${R}pull/read`] }),
  role('8311e382-0749-4cb8-b61a-304f252e45ec', 'AcrPush', { actions: [`${R}pull/read`, `${R}push/write`] }),
  role('c2f4ef07-c644-48eb-af81-4b1b4947fb11', 'AcrDelete', { actions: [`${R}artifacts/delete`] }),
  role('6cef56e8-d556-48e5-a04f-b8e64114680f', 'AcrImageSigner', {
    actions: [`${R}sign/write`],
    dataActions: [`${R}trustedCollections/write`],
  }),
  role('cdda3590-29a3-44f6-95f2-9f980659eb04', 'AcrQuarantineReader', {
    actions: [`${R}quarantine/read`],
    dataActions: [`${R}quarantinedArtifacts/read`],
  }),
  role('c8d4ff99-41c3-41a8-9f60-21dfdad59608', 'AcrQuarantineWriter', {
    actions: [`${R}quarantine/read`, `${R}quarantine/write`],
    dataActions: [`${R}quarantinedArtifacts/read`, `${R}quarantinedArtifacts/write`],
  }),
  role('b93aa761-3e63-49ed-ac28-beffa264f7ac', 'Container Registry Repository Reader', {
    dataActions: repositoryReader,
  }),
  role('2a1e307c-b015-4ebd-883e-5b7698a07328', 'Container Registry Repository Writer', {
    dataActions: repositoryWriter,
  }),
  role('2efddaa5-3f1f-4df3-97df-af3f13818f4c', 'Container Registry Repository Contributor', {
    dataActions: repositoryContributor,
  }),
  role('bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7', 'Container Registry Repository Catalog Lister', {
    dataActions: [`${R}catalog/read`],
  }),
  role(
    '3bc748fc-213d-45c1-8d91-9da5725539b9',
    'Container Registry Contributor and Data Access Configuration Administrator',
    { actions: configurationAdministrator },
  ),
  role(
    '69b07be0-09bf-439a-b9a6-e73de851bd59',
    'Container Registry Configuration Reader and Data Access Configuration Reader',
    { actions: configurationReader },
  ),
  role('fb382eab-e894-4461-af04-94435c366c3f', 'Container Registry Tasks Contributor', {
    actions: tasksContributor,
  }),
  role('bf94e731-3a51-4a7c-8c54-a1ab9971dfc1', 'Container Registry Transfer Pipeline Contributor', {
    actions: transferPipelines,
  }),
  role('577a9874-89fd-4f24-9dbd-b5034d0ad23a', 'Container Registry Data Importer and Data Reader', {
    actions: [`${R}importImage/action`, `${R}read`, `${R}pull/read`],
    dataActions: [...repositoryReader, `${R}catalog/read`],
  }),
  role('df87f177-bb12-4db1-9793-a413691eff94', 'Container Registry Cache Rule Administrator', {
    actions: [...all('cacheRules'), statuses('cacheRules')],
  }),
  role('c357b964-0002-4b64-a50d-7a28f02edc52', 'Container Registry Cache Rule Reader', {
    actions: [`${R}cacheRules/read`, statuses('cacheRules')],
  }),
  role('f094fb07-0703-4400-ad6a-e16dd8000e14', 'Container Registry Credential Set Administrator', {
    actions: [...all('credentialSets'), statuses('credentialSets')],
  }),
  role('29093635-9924-4f2c-913b-650a12949526', 'Container Registry Credential Set Reader', {
    actions: [`${R}credentialSets/read`, statuses('credentialSets')],
  }),
  role('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner', { actions: ['*'] }),
  role('b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor', {
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
    ],
  }),
  role('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', { actions: ['*/read'] }),
];

const byId = new Map(builtInRoles.map((definition) => [definition.id, definition]));

/** The role with this id; undefined for an id that no role has, which then grants nothing. */
export function roleById(id: string): RoleDefinition | undefined {
  return byId.get(id);
}

/** The role that a person names: by its name in any case, or by its id. */
export function findRole(nameOrId: string): RoleDefinition | undefined {
  const wanted = nameOrId.toLowerCase();
  return byId.get(wanted) ?? builtInRoles.find(({ name }) => name.toLowerCase() === wanted);
}
