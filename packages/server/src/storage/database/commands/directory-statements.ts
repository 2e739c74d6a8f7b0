/** The statements that change the directory. */
import { statement } from '../statement.ts';

export const anyTenant = statement()((q) => q.selectFrom('tenant').select(['id']).limit(1));

export const insertTenant = statement<{ id: string; name: string; now: number }>()((q, p) =>
  q.insertInto('tenant').values({ id: p.id, name: p.name, created_at: p.now }),
);

export const insertSubscription = statement<{ id: string; tenant: string; name: string; now: number }>()(
  (q, p) =>
    q.insertInto('subscription').values({ id: p.id, tenant: p.tenant, name: p.name, created_at: p.now }),
);

export const placeRegistries = statement<{ subscription: string; resourceGroup: string }>()((q, p) =>
  q
    .updateTable('registry')
    .set({ subscription: p.subscription, resource_group: p.resourceGroup })
    .where('subscription', 'is', null),
);

type PrincipalInsert = {
  id: string;
  tenant: string;
  kind: string;
  name: string;
  appId: string | null;
  now: number;
};

export const insertPrincipal = statement<PrincipalInsert>()((q, p) =>
  q
    .insertInto('directory_principal')
    .values({
      id: p.id,
      tenant: p.tenant,
      kind: p.kind,
      name: p.name,
      app_id: p.appId,
      enabled: 1,
      created_at: p.now,
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing()),
);

export const enablePrincipal = statement<{ id: string; enabled: number }>()((q, p) =>
  q.updateTable('directory_principal').set({ enabled: p.enabled }).where('id', '=', p.id),
);

/** In the order in which nothing refers to what is gone. */
export const removalsOfPrincipal = [
  statement<{ id: string }>()((q, p) => q.deleteFrom('secret').where('owner', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('app_certificate').where('owner', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('identity_binding').where('identity', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('user_password').where('principal', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('refresh_family').where('principal', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('federated_credential').where('owner', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('role_assignment').where('principal', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('group_member').where('member', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('group_member').where('group_id', '=', p.id)),
  statement<{ id: string }>()((q, p) => q.deleteFrom('directory_principal').where('id', '=', p.id)),
];

export const addMember = statement<{ group: string; member: string }>()((q, p) =>
  q
    .insertInto('group_member')
    .values({ group_id: p.group, member: p.member })
    .onConflict((conflict) => conflict.columns(['group_id', 'member']).doNothing()),
);

export const removeMember = statement<{ group: string; member: string }>()((q, p) =>
  q.deleteFrom('group_member').where('group_id', '=', p.group).where('member', '=', p.member),
);

type AssignmentInsert = {
  id: string;
  principal: string;
  role: string;
  scopeKind: string;
  scope: string;
  condition: string | null;
  conditionVersion: string | null;
  now: number;
};

export const insertAssignment = statement<AssignmentInsert>()((q, p) =>
  q
    .insertInto('role_assignment')
    .values({
      id: p.id,
      principal: p.principal,
      role: p.role,
      scope_kind: p.scopeKind,
      scope: p.scope,
      created_at: p.now,
      condition: p.condition,
      condition_version: p.conditionVersion,
    })
    .onConflict((conflict) => conflict.columns(['principal', 'role', 'scope_kind', 'scope']).doNothing()),
);

export const assignmentById = statement<{ id: string }>()((q, p) =>
  q.selectFrom('role_assignment').select(['principal', 'role', 'scope']).where('id', '=', p.id),
);

export const removeAssignment = statement<{ id: string }>()((q, p) =>
  q.deleteFrom('role_assignment').where('id', '=', p.id),
);

export const removeAssignmentsOnRegistry = statement<{ registry: string }>()((q, p) =>
  q.deleteFrom('role_assignment').where('scope_kind', '=', 'registry').where('scope', '=', p.registry),
);
