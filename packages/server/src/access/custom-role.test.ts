import { expect, test } from 'vitest';
import { builtInRoles } from './built-in-roles.ts';
import { flawInConditionalRole, flawInPermissions } from './custom-role.ts';

const R = 'Microsoft.ContainerRegistry/registries';
const none = { actions: [], notActions: [], dataActions: [], notDataActions: [] };

test.each(builtInRoles)('$name could be a custom role: all that it names is known', ({ permissions }) => {
  expect(flawInPermissions(permissions)).toBeUndefined();
});

test.each([
  [{}, 'allows nothing'],
  [{ notActions: [`${R}/read`] }, 'allows nothing'],
  [{ actions: [`${R}/pull/raed`] }, `Do you mean ${R}/pull/read?`],
  [{ actions: ['*'], notActions: [`${R}/puls/read`] }, `Do you mean ${R}/pull/read?`],
  [{ dataActions: [`${R}/repositories/contents/*`] }, 'No data action of a registry is called'],
  [
    { dataActions: ['*'], notDataActions: [`${R}/pull/read`] },
    'is no data action: it belongs to the actions',
  ],
  [{ actions: [`${R}/catalog/read`] }, 'is no action: it belongs to the data actions'],
  [{ actions: ['Microsoft.Compute/virtualMachines/read'] }, 'No action of a registry is called'],
  [{ actions: ['x'.repeat(512)] }, 'No action of a registry is called'],
])('%j is refused', (change, said) => {
  expect(flawInPermissions({ ...none, ...change })).toContain(said);
});

test('conditions are for roles that are asked with a repository, and only with one', () => {
  const conditional = builtInRoles.filter((role) => flawInConditionalRole(role) === undefined);
  // Azure's documentation names these three.
  expect(conditional.map(({ name }) => name)).toEqual([
    'Container Registry Repository Reader',
    'Container Registry Repository Writer',
    'Container Registry Repository Contributor',
  ]);
});
