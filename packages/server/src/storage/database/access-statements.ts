/** The statements that read the directory, rights and tokens. Each goes by a key or an index. */
import { statement } from './statement.ts';

export const tenants = statement()((q) =>
  q.selectFrom('tenant').select(['id', 'name']).orderBy('created_at').orderBy('id'),
);

export const subscriptions = statement()((q) =>
  q.selectFrom('subscription').select(['id', 'name', 'tenant']).orderBy('created_at').orderBy('id'),
);

export const principalOfDirectory = statement<{ id: string }>()((q, p) =>
  q.selectFrom('directory_principal').selectAll().where('id', '=', p.id),
);

export const principalByApp = statement<{ appId: string }>()((q, p) =>
  q.selectFrom('directory_principal').selectAll().where('app_id', '=', p.appId),
);

/** By the unique key (tenant, name). */
export const principalByName = statement<{ tenant: string; name: string }>()((q, p) =>
  q.selectFrom('directory_principal').selectAll().where('tenant', '=', p.tenant).where('name', '=', p.name),
);

export const passwordOf = statement<{ principal: string }>()((q, p) =>
  q.selectFrom('user_password').selectAll().where('principal', '=', p.principal),
);

/** For people, who see the directory whole. */
export const principalsOfTenant = statement<{ tenant: string }>()((q, p) =>
  q.selectFrom('directory_principal').selectAll().where('tenant', '=', p.tenant).orderBy('name'),
);

export const groupsOf = statement<{ member: string }>()((q, p) =>
  q.selectFrom('group_member').select(['group_id']).where('member', '=', p.member).orderBy('group_id'),
);

export const membersOf = statement<{ group: string }>()((q, p) =>
  q.selectFrom('group_member').select(['member']).where('group_id', '=', p.group).orderBy('member'),
);

export const secretsOf = statement<{ owner: string }>()((q, p) =>
  q.selectFrom('secret').selectAll().where('owner', '=', p.owner).orderBy('name').orderBy('id'),
);

export const certificatesOf = statement<{ owner: string }>()((q, p) =>
  q.selectFrom('app_certificate').selectAll().where('owner', '=', p.owner).orderBy('name').orderBy('id'),
);

export const federatedCredentialsOf = statement<{ owner: string }>()((q, p) =>
  q.selectFrom('federated_credential').selectAll().where('owner', '=', p.owner).orderBy('name'),
);

/** There are at most `identityBindingsMax`. */
export const identityBindings = statement()((q) =>
  q.selectFrom('identity_binding').selectAll().orderBy('created_at').orderBy('id'),
);

/** Rights are decided from them, so they are read whole and remembered. */
export const trustedIssuers = statement()((q) =>
  q.selectFrom('trusted_issuer').selectAll().orderBy('created_at').orderBy('id'),
);

export const outsidePrincipal = statement<{ id: string }>()((q, p) =>
  q.selectFrom('outside_principal').selectAll().where('id', '=', p.id),
);

export const outsidePrincipalBySubject = statement<{ trustedIssuer: string; subject: string }>()((q, p) =>
  q
    .selectFrom('outside_principal')
    .selectAll()
    .where('trusted_issuer', '=', p.trustedIssuer)
    .where('subject', '=', p.subject),
);

export const assignmentsOf = statement<{ principal: string }>()((q, p) =>
  q.selectFrom('role_assignment').selectAll().where('principal', '=', p.principal).orderBy('id'),
);

export const roleDefinition = statement<{ id: string }>()((q, p) =>
  q.selectFrom('role_definition').selectAll().where('id', '=', p.id),
);

export const roleDefinitions = statement<{ tenant: string }>()((q, p) =>
  q.selectFrom('role_definition').selectAll().where('tenant', '=', p.tenant).orderBy('name'),
);

export const repositoryDeletion = statement<{ registry: string; name: string }>()((q, p) =>
  q
    .selectFrom('repository_deletion')
    .select(['deleted_at'])
    .where('registry', '=', p.registry)
    .where('name', '=', p.name),
);

export const assignments = statement()((q) =>
  q.selectFrom('role_assignment').selectAll().orderBy('created_at').orderBy('id'),
);

export const scopeMap = statement<{ registry: string; name: string }>()((q, p) =>
  q.selectFrom('scope_map').selectAll().where('registry', '=', p.registry).where('name', '=', p.name),
);

export const scopeMaps = statement<{ registry: string }>()((q, p) =>
  q.selectFrom('scope_map').selectAll().where('registry', '=', p.registry).orderBy('name'),
);

/** By the unique key (registry, kind, name). */
export const tokens = statement<{ registry: string }>()((q, p) =>
  q
    .selectFrom('principal')
    .select(['id', 'name', 'enabled', 'scope_map', 'created_at'])
    .where('registry', '=', p.registry)
    .where('kind', '=', 'token')
    .orderBy('name'),
);
