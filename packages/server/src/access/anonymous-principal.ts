import type { Principal } from './authorise.ts';

/** No principal's row has this id: ids are random. */
export const anonymousPrincipalId = '0'.repeat(32);

/** Whoever comes without credentials. All of them are one identity in a registry, as ACR counts them. */
export function anonymousPrincipal(registry: string): Extract<Principal, { kind: 'anonymous' }> {
  return { kind: 'anonymous', id: anonymousPrincipalId, name: 'anonymous', registry };
}
