import type { AssignmentScope } from '../access/role-assignment.ts';
import { toGuid } from '../identity/guid.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';

/** A scope as Azure writes it: `/subscriptions/…`. */
export async function azurePath(scope: AssignmentScope, registries: readonly RegistryRow[]): Promise<string> {
  if (scope.kind === 'subscription') return `/subscriptions/${toGuid(scope.subscription)}`;
  if (scope.kind === 'resource-group')
    return `/subscriptions/${toGuid(scope.subscription)}/resourceGroups/${scope.resourceGroup}`;
  const registry = registries.find(({ id }) => id === scope.registry);
  const group = `/subscriptions/${toGuid(registry?.subscription ?? '')}/resourceGroups/${registry?.resourceGroup ?? ''}`;
  return `${group}/providers/Microsoft.ContainerRegistry/registries/${registry?.name ?? scope.registry}`;
}
