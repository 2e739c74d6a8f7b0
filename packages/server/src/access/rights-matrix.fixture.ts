/**
 * Who may do what, written by hand from Azure's published role definitions and ACR's scope maps. It imports nothing,
 * so that it can't agree with the server's tables by being made from them.
 *
 * A row's letters are the actions that are allowed: P pull, W push (write), D delete, r metadata_read,
 * w metadata_write, C catalog, E explain (why somebody may, or may not). `legacy` and `abac` are the registry's role assignment modes.
 */
export const letters = {
  P: 'pull',
  W: 'push',
  D: 'delete',
  r: 'metadata_read',
  w: 'metadata_write',
  C: 'catalog',
  E: 'explain',
} as const;

export interface RoleRow {
  readonly name: string;
  readonly id: string;
  readonly legacy: string;
  readonly abac: string;
}

export const roleMatrix: readonly RoleRow[] = [
  { name: 'AcrPull', id: '7f951dda-4ed3-4680-a7ca-43fe172d538d', legacy: 'PrC', abac: '' },
  { name: 'AcrPush', id: '8311e382-0749-4cb8-b61a-304f252e45ec', legacy: 'PWrC', abac: '' },
  { name: 'AcrDelete', id: 'c2f4ef07-c644-48eb-af81-4b1b4947fb11', legacy: 'D', abac: '' },
  { name: 'AcrImageSigner', id: '6cef56e8-d556-48e5-a04f-b8e64114680f', legacy: '', abac: '' },
  { name: 'AcrQuarantineReader', id: 'cdda3590-29a3-44f6-95f2-9f980659eb04', legacy: '', abac: '' },
  { name: 'AcrQuarantineWriter', id: 'c8d4ff99-41c3-41a8-9f60-21dfdad59608', legacy: '', abac: '' },
  {
    name: 'Container Registry Repository Reader',
    id: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
    legacy: '',
    abac: 'Pr',
  },
  {
    name: 'Container Registry Repository Writer',
    id: '2a1e307c-b015-4ebd-883e-5b7698a07328',
    legacy: '',
    abac: 'PWrw',
  },
  {
    name: 'Container Registry Repository Contributor',
    id: '2efddaa5-3f1f-4df3-97df-af3f13818f4c',
    legacy: '',
    abac: 'PWDrw',
  },
  {
    name: 'Container Registry Repository Catalog Lister',
    id: 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7',
    legacy: '',
    abac: 'C',
  },
  {
    name: 'Container Registry Contributor and Data Access Configuration Administrator',
    id: '3bc748fc-213d-45c1-8d91-9da5725539b9',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Configuration Reader and Data Access Configuration Reader',
    id: '69b07be0-09bf-439a-b9a6-e73de851bd59',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Tasks Contributor',
    id: 'fb382eab-e894-4461-af04-94435c366c3f',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Transfer Pipeline Contributor',
    id: 'bf94e731-3a51-4a7c-8c54-a1ab9971dfc1',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Data Importer and Data Reader',
    id: '577a9874-89fd-4f24-9dbd-b5034d0ad23a',
    legacy: 'PrC',
    abac: 'PrC',
  },
  {
    name: 'Container Registry Cache Rule Administrator',
    id: 'df87f177-bb12-4db1-9793-a413691eff94',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Cache Rule Reader',
    id: 'c357b964-0002-4b64-a50d-7a28f02edc52',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Credential Set Administrator',
    id: 'f094fb07-0703-4400-ad6a-e16dd8000e14',
    legacy: '',
    abac: '',
  },
  {
    name: 'Container Registry Credential Set Reader',
    id: '29093635-9924-4f2c-913b-650a12949526',
    legacy: '',
    abac: '',
  },
  { name: 'Owner', id: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635', legacy: 'PWDrwCE', abac: 'E' },
  { name: 'Contributor', id: 'b24988ac-6180-42a0-ab88-20f7382dd24c', legacy: 'PWDrwC', abac: '' },
  { name: 'Reader', id: 'acdd72a7-3385-48ef-bd42-f606fba81ae7', legacy: 'PrC', abac: '' },
];

export interface ScopeMapRow {
  readonly name: string;
  readonly allowed: string;
}

/** A token never lists the catalog. */
export const scopeMapMatrix: readonly ScopeMapRow[] = [
  { name: '_repositories_admin', allowed: 'PWDrw' },
  { name: '_repositories_pull', allowed: 'P' },
  { name: '_repositories_pull_metadata_read', allowed: 'Pr' },
  { name: '_repositories_push', allowed: 'PW' },
  { name: '_repositories_push_metadata_write', allowed: 'PWrw' },
];

export interface ConditionRow {
  readonly what: string;
  /** The id of a built-in role. */
  readonly role: string;
  readonly condition: string;
  /** What is allowed on each of three repositories where conditions are looked at; in the other mode nothing is. */
  readonly own: string;
  readonly other: string;
  readonly absent: string;
}

const R = 'Microsoft.ContainerRegistry/registries';
const name = `@Request[${R}/repositories:name]`;
const unless = (...verbs: string[]): string =>
  `(${verbs.map((verb) => `!(ActionMatches{'${R}/repositories/${verb}'})`).join(' AND ')})`;
const reading = unless('content/read', 'metadata/read');
const reader = 'b93aa761-3e63-49ed-ac28-beffa264f7ac';
const writer = '2a1e307c-b015-4ebd-883e-5b7698a07328';
const contributor = '2efddaa5-3f1f-4df3-97df-af3f13818f4c';

/** On the repositories `own`, `other/team` and `absent`. The first is the one that Azure's documentation shows. */
export const conditionMatrix: readonly ConditionRow[] = [
  {
    what: 'read one repository',
    role: reader,
    condition: `(${reading} OR (${name} StringEqualsIgnoreCase 'OWN'))`,
    own: 'Pr',
    other: '',
    absent: '',
  },
  {
    what: 'write below a prefix',
    role: writer,
    condition: `(${unless('content/read', 'metadata/read', 'content/write', 'metadata/write')} OR (${name} StringStartsWithIgnoreCase 'other/'))`,
    own: '',
    other: 'PWrw',
    absent: '',
  },
  {
    what: 'read everything and write one',
    role: writer,
    condition: `(${unless('content/write', 'metadata/write')} OR (${name} StringEquals 'own'))`,
    own: 'PWrw',
    other: 'Pr',
    absent: 'Pr',
  },
  {
    what: 'delete in one that is not there',
    role: contributor,
    condition: `${unless('content/delete')} || ${name} StringEquals 'absent'`,
    own: 'PWrw',
    other: 'PWrw',
    absent: 'PWDrw',
  },
  {
    what: 'one of several',
    role: reader,
    condition: `${name} ForAnyOfAnyValues:StringEquals {'own', 'absent'}`,
    own: 'Pr',
    other: '',
    absent: 'Pr',
  },
  {
    what: 'all but one',
    role: reader,
    condition: `NOT (${name} StringLike 'o?n')`,
    own: '',
    other: 'Pr',
    absent: 'Pr',
  },
  {
    what: 'push without the right to pull, which a push needs',
    role: writer,
    condition: `!(ActionMatches{'${R}/repositories/content/read'})`,
    own: 'rw',
    other: 'rw',
    absent: 'rw',
  },
];

export interface CustomRoleRow {
  readonly name: string;
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly dataActions?: readonly string[];
  readonly notDataActions?: readonly string[];
  readonly legacy: string;
  readonly abac: string;
}

export const customRoleMatrix: readonly CustomRoleRow[] = [
  {
    name: 'pushes and deletes nothing',
    dataActions: [`${R}/repositories/content/*`],
    notDataActions: [`${R}/repositories/content/delete`],
    legacy: '',
    abac: 'PW',
  },
  { name: 'all of the registry', actions: [`${R}/*`], legacy: 'PWDrwC', abac: '' },
  {
    name: 'pulls, and lists by a data action',
    actions: [`${R}/pull/read`],
    dataActions: [`${R}/catalog/read`],
    legacy: 'PrC',
    abac: 'C',
  },
  {
    name: 'gives roles',
    actions: [`${R}/read`, 'Microsoft.Authorization/roleAssignments/*'],
    legacy: 'E',
    abac: 'E',
  },
  {
    name: 'all data but attributes',
    dataActions: ['*'],
    notDataActions: [`${R}/repositories/metadata/*`],
    legacy: '',
    abac: 'PWDC',
  },
  {
    name: 'reads what is not pulled',
    actions: [`${R}/*/READ`],
    notActions: [`${R}/pull/read`],
    legacy: 'r',
    abac: '',
  },
  {
    name: 'pushes, and may not pull',
    dataActions: [`${R}/repositories/content/write`],
    legacy: '',
    abac: '',
  },
];
