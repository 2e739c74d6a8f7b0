/**
 * The operations of `Microsoft.ContainerRegistry` by Azure's names: what a role's actions and data actions may name.
 * A pattern that fits none of them is a slip of its author.
 */
const R = 'Microsoft.ContainerRegistry/registries/';

const each = (kind: string, ...verbs: readonly string[]): string[] =>
  verbs.map((verb) => `${R}${kind}/${verb}`);
const all = (kind: string, ...more: readonly string[]): string[] =>
  each(kind, 'read', 'write', 'delete', ...more);
const statuses = 'operationStatuses/read';

/** What conditions can be about: the data actions on one repository. */
export const conditionalDataActions: readonly string[] = [
  ...all('repositories/content'),
  ...all('repositories/metadata'),
];

export const dataOperations: readonly string[] = [
  ...conditionalDataActions,
  `${R}catalog/read`,
  ...each('quarantinedArtifacts', 'read', 'write'),
  ...each('trustedCollections', 'read', 'write'),
];

const registryOperations: readonly string[] = [
  ...['read', 'write', 'delete'].map((verb) => R + verb),
  ...[
    'listCredentials',
    'regenerateCredential',
    'generateCredentials',
    'importImage',
    'getBuildSourceUploadUrl',
    'queueBuild',
    'listBuildSourceUploadUrl',
    'scheduleRun',
    'privateEndpointConnectionsApproval',
  ].map((action) => `${R}${action}/action`),
  ...all('agentpools', 'listQueueStatus/action', statuses),
  `${R}artifacts/delete`,
  ...each('builds', 'read', 'write', 'getLogLink/action', 'cancel/action'),
  ...all('buildTasks', 'listSourceRepositoryProperties/action'),
  ...all('buildTasks/steps', 'listBuildArguments/action'),
  ...all('cacheRules', statuses),
  ...all('connectedRegistries', 'deactivate/action'),
  ...all('credentialSets', statuses),
  ...each('deleted', 'read', 'restore/action'),
  ...all('eventGridFilters'),
  ...all('exportPipelines', statuses),
  ...all('importPipelines', statuses),
  `${R}listPolicies/read`,
  `${R}listUsages/read`,
  ...each('metadata', 'read', 'write'),
  `${R}${statuses}`,
  ...all('packages/archives'),
  ...all('packages/archives/versions', statuses),
  ...all('pipelineRuns', statuses),
  ...all('privateEndpointConnectionProxies', 'validate/action', statuses),
  ...all('privateEndpointConnections', statuses),
  `${R}pull/read`,
  `${R}push/write`,
  ...each('quarantine', 'read', 'write'),
  ...all('replications', statuses),
  ...each('runs', 'read', 'write', 'listLogSasUrl/action', 'cancel/action'),
  ...all('scopeMaps', statuses),
  `${R}sign/write`,
  ...all('taskruns', 'listDetails/action', statuses),
  ...all('tasks', 'listDetails/action'),
  ...all('tokens', statuses),
  `${R}updatePolicies/write`,
  ...all('webhooks', 'getCallbackConfig/action', 'ping/action', 'listEvents/action', statuses),
];

/** Of other providers, what goes with a registry: who may give roles, where it lies, what is watched. */
const neighbours: readonly string[] = [
  ...['roleAssignments', 'roleDefinitions'].flatMap((kind) =>
    ['read', 'write', 'delete'].map((verb) => `Microsoft.Authorization/${kind}/${verb}`),
  ),
  'Microsoft.Authorization/elevateAccess/Action',
  ...['diagnosticSettings', 'alertRules'].flatMap((kind) =>
    ['read', 'write', 'delete'].map((verb) => `Microsoft.Insights/${kind}/${verb}`),
  ),
  'Microsoft.Resources/subscriptions/read',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  ...['read', 'write', 'delete'].map((verb) => `Microsoft.Resources/deployments/${verb}`),
];

export const controlOperations: readonly string[] = [
  ...['register', 'unregister'].map((verb) => `Microsoft.ContainerRegistry/${verb}/action`),
  'Microsoft.ContainerRegistry/checkNameAvailability/read',
  'Microsoft.ContainerRegistry/locations/deleteVirtualNetworkOrSubnets/action',
  'Microsoft.ContainerRegistry/locations/operationResults/read',
  'Microsoft.ContainerRegistry/operations/read',
  ...registryOperations,
  ...neighbours,
];
