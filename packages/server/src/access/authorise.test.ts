import { describe, expect, test } from 'vitest';
import { anonymousPrincipal } from './anonymous-principal.ts';
import { type Action, authorise, type Caller, mayLogIn, type Resource } from './authorise.ts';

const roleAssignmentMode = 'LegacyRegistryPermissions' as const;
const closed = { anonymousPull: false, adminUserEnabled: true, roleAssignmentMode };
const open = { ...closed, anonymousPull: true };
const admin: Caller = {
  principal: { kind: 'admin', id: 'a1', name: 'cerulean', registry: 'r1', enabled: true },
  bound: undefined,
};
const anonymous: Caller = { principal: anonymousPrincipal('r1'), bound: undefined };
const repository: Resource = { type: 'repository', registry: 'r1', name: 'app' };
const registry: Resource = { type: 'registry', registry: 'r1' };
const repositoryActions: Action[] = ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'];

const allowed = (caller: Caller, settings: typeof closed) => [
  ...repositoryActions.filter(
    (action) => authorise({ caller, action, resource: repository }, settings).allowed,
  ),
  ...(authorise({ caller, action: 'catalog', resource: registry }, settings).allowed ? ['catalog'] : []),
];

describe('authorise', () => {
  test('the admin user may do everything with the content of his registry', () => {
    expect(allowed(admin, closed)).toEqual([...repositoryActions, 'catalog']);
  });

  test('anonymous callers may read where anonymous pull is on, and nothing where it is off', () => {
    expect(allowed(anonymous, open)).toEqual(['pull', 'metadata_read', 'catalog']);
    expect(allowed(anonymous, closed)).toEqual([]);
  });

  test('an admin user that is disabled may nothing, whatever his token says', () => {
    const bound = [{ type: 'repository', name: 'app', actions: ['pull', 'push'] }];
    expect(allowed({ ...admin, bound }, { ...closed, adminUserEnabled: false })).toEqual([]);
    expect(allowed({ principal: { ...admin.principal, enabled: false } as never, bound }, closed)).toEqual(
      [],
    );
  });

  test('credentials of one registry are worth nothing in another', () => {
    const elsewhere: Resource = { ...repository, registry: 'r2' };
    const decision = authorise({ caller: admin, action: 'pull', resource: elsewhere }, open);
    expect(decision).toEqual({ allowed: false, reason: 'the credentials belong to another registry' });
  });

  test.each([
    { bound: [], may: [] },
    { bound: [{ type: 'repository', name: 'app', actions: ['pull'] }], may: ['pull', 'metadata_read'] },
    { bound: [{ type: 'repository', name: 'app', actions: ['push'] }], may: ['push'] },
    { bound: [{ type: 'repository', name: 'other', actions: ['pull', 'push'] }], may: [] },
    { bound: [{ type: 'repository', name: 'app', actions: ['*'] }], may: [] },
    { bound: [{ type: 'repository(plugin)', name: 'app', actions: ['pull'] }], may: [] },
    { bound: [{ type: 'registry', name: 'catalog', actions: ['*'] }], may: ['catalog'] },
    { bound: [{ type: 'registry', name: 'catalog', actions: ['pull'] }], may: [] },
    { bound: [{ type: 'repository', name: 'catalog', actions: ['*'] }], may: [] },
  ])('a token of $bound allows $may', ({ bound, may }) => {
    expect(allowed({ ...admin, bound }, closed)).toEqual(may);
  });

  test('a bound never adds a right', () => {
    const bound = [{ type: 'repository', name: 'app', actions: ['pull', 'push', 'delete'] }];
    expect(allowed({ ...anonymous, bound }, open)).toEqual(['pull', 'metadata_read']);
  });

  test('actions on repositories do not fit the registry, nor the catalog a repository', () => {
    expect(authorise({ caller: admin, action: 'push', resource: registry }, closed).allowed).toBe(false);
    expect(authorise({ caller: admin, action: 'catalog', resource: repository }, closed).allowed).toBe(false);
  });

  test('whoever may do nothing may not log in', () => {
    expect(mayLogIn(admin.principal, closed).allowed).toBe(true);
    expect(mayLogIn(admin.principal, { ...closed, adminUserEnabled: false }).allowed).toBe(false);
    expect(mayLogIn(anonymous.principal, closed).allowed).toBe(false);
    expect(mayLogIn(anonymous.principal, open).allowed).toBe(true);
  });
});
