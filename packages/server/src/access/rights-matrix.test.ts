import { describe, expect, test } from 'vitest';
import { type Action, authorise, type Principal, type Resource } from './authorise.ts';
import { builtInRoles, findRole } from './built-in-roles.ts';
import {
  type CustomRoleRow,
  conditionMatrix,
  customRoleMatrix,
  letters,
  roleMatrix,
  scopeMapMatrix,
} from './rights-matrix.fixture.ts';
import type { AssignmentScope } from './role-assignment.ts';
import { systemScopeMaps } from './scope-map.ts';

const place = { registry: 'r1', subscription: 's1', resourceGroup: 'Group' };
const elsewhere = { registry: 'r2', subscription: 's2', resourceGroup: 'Group' };
const scopes: readonly AssignmentScope[] = [
  { kind: 'registry', registry: 'r1' },
  { kind: 'resource-group', subscription: 's1', resourceGroup: 'gROUP' },
  { kind: 'subscription', subscription: 's1' },
];
const modes = { legacy: 'LegacyRegistryPermissions', abac: 'AbacRepositoryPermissions' } as const;
const types = ['service-principal', 'user', 'managed-identity'] as const;
/** The one that the caller works with, somebody else's, and one that is not there: a role tells none from another. */
const repositories = ['own', 'other/team', 'absent'];

const withRole = (id: string, scope: AssignmentScope, seenFrom = place): Principal => ({
  kind: 'directory',
  type: 'service-principal',
  id: 'p1',
  name: 'ci',
  registry: seenFrom.registry,
  place: seenFrom,
  tenant: 't1',
  appId: 'a1',
  enabled: true,
  assignments: [{ id: 'ra1', role: id, scope }],
});

const token = (actions: readonly string[], name = 'mine'): Principal => ({
  kind: 'token',
  id: 'k1',
  name: 'ci-token',
  registry: 'r1',
  enabled: true,
  scopeMap: { name, actions },
});

/** The letters of what this principal may do with a repository of a registry, and with its catalog. */
function allowedIn(principal: Principal, mode: keyof typeof modes, at: { registry: string; name: string }) {
  const settings = { anonymousPull: false, adminUserEnabled: false, roleAssignmentMode: modes[mode] };
  return Object.entries(letters)
    .filter(([, action]) => {
      const resource: Resource =
        action === 'catalog' || action === 'explain'
          ? { type: 'registry', registry: at.registry }
          : { type: 'repository', registry: at.registry, name: at.name };
      const decision = authorise({ caller: { principal, bound: undefined }, action, resource }, settings);
      expect(decision.reason).not.toBe('');
      return decision.allowed;
    })
    .map(([letter]) => letter)
    .join('');
}

const inOrder = (given: string): string =>
  Object.keys(letters)
    .filter((letter) => given.includes(letter))
    .join('');

describe('roles', () => {
  test('the table has the roles of the fixture with their ids, and no other', () => {
    const named = (rows: readonly { id: string; name: string }[]) =>
      rows.map(({ id, name }) => `${id} ${name}`);
    expect(named(builtInRoles)).toEqual(named(roleMatrix));
  });

  describe.each(['legacy', 'abac'] as const)('in the mode %s', (mode) => {
    test.each(roleMatrix)('$name', (row) => {
      for (const scope of scopes) {
        for (const type of types) {
          const principal = { ...withRole(row.id, scope), type } as Principal;
          for (const name of repositories)
            expect(allowedIn(principal, mode, { registry: 'r1', name })).toBe(inOrder(row[mode]));
          // Seen from one registry, it may do nothing in another.
          for (const name of repositories)
            expect(allowedIn(principal, mode, { registry: 'r2', name })).toBe('');
        }
        // And in the other registry itself, where the assignment does not reach.
        for (const name of repositories)
          expect(allowedIn(withRole(row.id, scope, elsewhere), mode, { registry: 'r2', name })).toBe('');
      }
    });
  });

  test('a role on one registry says nothing about another of the same group, one on the group does', () => {
    const pull = findRole('acrpull')?.id ?? '';
    const sibling = { ...place, registry: 'r3' };
    const at = { registry: 'r3', name: 'own' };
    expect(allowedIn(withRole(pull, { kind: 'registry', registry: 'r1' }, sibling), 'legacy', at)).toBe('');
    for (const scope of scopes.slice(1))
      expect(allowedIn(withRole(pull, scope, sibling), 'legacy', at)).toBe('PrC');
  });

  test('a group of the same name in another subscription is another group', () => {
    const owner = findRole('Owner')?.id ?? '';
    const scope = { kind: 'resource-group', subscription: 's2', resourceGroup: 'group' } as const;
    expect(allowedIn(withRole(owner, scope), 'legacy', { registry: 'r1', name: 'own' })).toBe('');
  });

  test('rights of several assignments add up, and a role that nobody knows adds nothing', () => {
    const [registry] = scopes as [AssignmentScope];
    const assignments = ['AcrPull', 'AcrDelete'].map((name, at) => ({
      id: `ra${at}`,
      role: findRole(name)?.id ?? '',
      scope: registry,
    }));
    const unknown = { id: 'ra9', role: '00000000-0000-0000-0000-000000000001', scope: registry };
    const both = { ...withRole('', registry), assignments: [...assignments, unknown] } as Principal;
    expect(allowedIn(both, 'legacy', { registry: 'r1', name: 'own' })).toBe('PDrC');
  });

  test('an action that needs two operations may have them of two roles', () => {
    const [registry] = scopes as [AssignmentScope];
    const assignments = ['pushes, and may not pull', 'Container Registry Repository Reader'].map(
      (name, at) => {
        const custom = customRoleMatrix.find((row) => row.name === name);
        return {
          id: `ra${at}`,
          role: findRole(name)?.id ?? 'custom',
          scope: registry,
          ...customRole(custom),
        };
      },
    );
    const both = { ...withRole('', registry), assignments } as Principal;
    expect(allowedIn(both, 'abac', { registry: 'r1', name: 'own' })).toBe('PWr');
  });

  test.each([{ type: 'group' as const }, { enabled: false }])(
    'whoever is $type $enabled may nothing',
    (change) => {
      const owner = { ...withRole(findRole('Owner')?.id ?? '', scopes[0] as AssignmentScope), ...change };
      expect(allowedIn(owner as Principal, 'legacy', { registry: 'r1', name: 'own' })).toBe('');
    },
  );
});

const customRole = (row: CustomRoleRow | undefined) =>
  row === undefined
    ? {}
    : {
        custom: {
          id: 'custom',
          name: row.name,
          permissions: { actions: [], notActions: [], dataActions: [], notDataActions: [], ...row },
        },
      };

describe.each(['legacy', 'abac'] as const)('in the mode %s', (mode) => {
  test.each(customRoleMatrix)('the custom role: $name', (row) => {
    for (const scope of scopes) {
      const assignments = [{ id: 'ra1', role: 'custom', scope, ...customRole(row) }];
      const principal = { ...withRole('', scope), assignments } as Principal;
      for (const name of repositories)
        expect(allowedIn(principal, mode, { registry: 'r1', name })).toBe(inOrder(row[mode]));
      expect(allowedIn(principal, mode, { registry: 'r2', name: 'own' })).toBe('');
    }
  });

  test.each(conditionMatrix)('the condition: $what', (row) => {
    for (const scope of scopes) {
      const condition = { text: row.condition, version: '2.0' };
      const principal = {
        ...withRole('', scope),
        assignments: [{ id: 'ra1', role: row.role, scope, condition }],
      } as Principal;
      for (const [name, allowed] of [
        ['own', row.own],
        ['other/team', row.other],
        ['absent', row.absent],
      ] as const) {
        const expected = mode === 'abac' ? inOrder(allowed) : '';
        expect(allowedIn(principal, mode, { registry: 'r1', name })).toBe(expected);
        expect(allowedIn(principal, mode, { registry: 'r2', name })).toBe('');
      }
    }
  });
});

test.each([
  ['that nobody can read', { text: 'ActionMatches{', version: '2.0' }],
  ['that says nothing that there is', { text: "ActionMatches{'a/b'}", version: '2.0' }],
  ['of another version', { text: "ActionMatches{'*'}", version: '3.0' }],
  ['without a version', { text: "ActionMatches{'*'}", version: '' }],
])('a condition %s lets nothing through', (_what, condition) => {
  const [scope] = scopes as [AssignmentScope];
  const role = findRole('Container Registry Repository Reader')?.id ?? '';
  const principal = {
    ...withRole('', scope),
    assignments: [{ id: 'ra1', role, scope, condition }],
  } as Principal;
  expect(allowedIn(principal, 'abac', { registry: 'r1', name: 'own' })).toBe('');
});

test('a condition never gives the catalog, which has no name to ask for', () => {
  const [scope] = scopes as [AssignmentScope];
  const condition = { text: "ActionMatches{'*'}", version: '2.0' };
  const role = findRole('Container Registry Data Importer and Data Reader')?.id ?? '';
  const principal = {
    ...withRole('', scope),
    assignments: [{ id: 'ra1', role, scope, condition }],
  } as Principal;
  expect(allowedIn(principal, 'abac', { registry: 'r1', name: 'own' })).toBe('Pr');
});

describe('scope maps', () => {
  test('the system scope maps are those of the fixture', () => {
    expect(systemScopeMaps.map(({ name }) => name)).toEqual(scopeMapMatrix.map(({ name }) => name));
  });

  test.each(scopeMapMatrix)('$name, in both modes', ({ name, allowed }) => {
    const actions = systemScopeMaps.find((map) => map.name === name)?.actions ?? [];
    for (const mode of ['legacy', 'abac'] as const) {
      for (const repository of repositories)
        expect(allowedIn(token(actions, name), mode, { registry: 'r1', name: repository })).toBe(
          inOrder(allowed),
        );
      expect(allowedIn(token(actions, name), mode, { registry: 'r2', name: 'own' })).toBe('');
    }
  });

  test.each([
    { actions: ['repositories/own/content/read'], own: 'P' },
    { actions: ['repositories/own/content/write'], own: '' },
    { actions: ['repositories/own/content/read', 'repositories/own/content/write'], own: 'PW' },
    { actions: ['repositories/own/content/read', 'repositories/*/content/write'], own: 'PW' },
    { actions: ['repositories/own/content/delete'], own: 'D' },
    { actions: ['repositories/own/metadata/read'], own: 'r' },
    { actions: ['repositories/own/metadata/write'], own: 'w' },
    { actions: ['repositories/own/*/content/read'], own: '', below: 'P' },
    { actions: ['repositories/ow/*/content/read'], own: '' },
    { actions: ['repositories/own/below/content/read'], own: '', below: 'P' },
    { actions: ['gateway/edge/config/read', 'gateway/edge/message/write'], own: '' },
    { actions: [], own: '' },
  ])('$actions allow «$own» on the repository own', ({ actions, own, below }) => {
    expect(allowedIn(token(actions), 'legacy', { registry: 'r1', name: 'own' })).toBe(own);
    if (below !== undefined)
      expect(allowedIn(token(actions), 'legacy', { registry: 'r1', name: 'own/below' })).toBe(below);
    if (!actions.some((action) => action.includes('*')))
      for (const name of ['other/team', 'absent', 'ow', 'owner'])
        expect(allowedIn(token(actions), 'legacy', { registry: 'r1', name })).toBe('');
  });

  test('a disabled token may nothing', () => {
    const disabled = { ...token(['repositories/*/content/read']), enabled: false } as Principal;
    expect(allowedIn(disabled, 'legacy', { registry: 'r1', name: 'own' })).toBe('');
  });
});

test('every letter is an action', () => {
  const all: Action[] = ['pull', 'push', 'delete', 'metadata_read', 'metadata_write', 'catalog', 'explain'];
  expect(Object.values(letters)).toEqual(all);
});
