/** The statements that change trusted issuers and the principals that their subjects are. */
import { sql } from 'kysely';
import { statement } from '../statement.ts';

export const countTrustedIssuers = statement<{ tenant: string }>()((q, p) =>
  q.selectFrom('trusted_issuer').select(sql<number>`count(*)`.as('count')).where('tenant', '=', p.tenant),
);

type TrustedIssuerInsert = {
  id: string;
  tenant: string;
  name: string;
  issuer: string;
  audience: string;
  subject: string;
  claims: string;
  role: string;
  scopeKind: string;
  scope: string;
  keys: string | null;
  jwksUri: string | null;
  ca: string | null;
  now: number;
};

export const insertTrustedIssuer = statement<TrustedIssuerInsert>()((q, p) =>
  q
    .insertInto('trusted_issuer')
    .values({
      id: p.id,
      tenant: p.tenant,
      name: p.name,
      issuer: p.issuer,
      audience: p.audience,
      subject: p.subject,
      claims: p.claims,
      role: p.role,
      scope_kind: p.scopeKind,
      scope: p.scope,
      keys: p.keys,
      jwks_uri: p.jwksUri,
      ca: p.ca,
      enabled: 1,
      created_at: p.now,
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing()),
);

/** Locked, so that nobody is let in by an issuer that is being deleted. */
export const lockedTrustedIssuer = statement<{ id: string }>()((q, p, dialect) => {
  const query = q.selectFrom('trusted_issuer').select(['tenant', 'name', 'enabled']).where('id', '=', p.id);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

export const setTrustedIssuerEnabled = statement<{ id: string; enabled: number }>()((q, p) =>
  q.updateTable('trusted_issuer').set({ enabled: p.enabled }).where('id', '=', p.id),
);

export const removeSubjects = statement<{ trustedIssuer: string }>()((q, p) =>
  q.deleteFrom('outside_principal').where('trusted_issuer', '=', p.trustedIssuer),
);

export const removeTrustedIssuer = statement<{ id: string }>()((q, p) =>
  q.deleteFrom('trusted_issuer').where('id', '=', p.id),
);

/** For a registry that is deleted, in the order in which nothing refers to what is gone. */
export const removalsOfTrustedIssuersOnRegistry = [
  statement<{ registry: string }>()((q, p) =>
    q
      .deleteFrom('outside_principal')
      .where('trusted_issuer', 'in', (issuers) =>
        issuers
          .selectFrom('trusted_issuer')
          .select('id')
          .where('scope_kind', '=', 'registry')
          .where('scope', '=', p.registry),
      ),
  ),
  statement<{ registry: string }>()((q, p) =>
    q.deleteFrom('trusted_issuer').where('scope_kind', '=', 'registry').where('scope', '=', p.registry),
  ),
];

export const subjectOf = statement<{ trustedIssuer: string; subject: string }>()((q, p) =>
  q
    .selectFrom('outside_principal')
    .select(['id'])
    .where('trusted_issuer', '=', p.trustedIssuer)
    .where('subject', '=', p.subject),
);

export const countSubjects = statement<{ trustedIssuer: string }>()((q, p) =>
  q
    .selectFrom('outside_principal')
    .select(sql<number>`count(*)`.as('count'))
    .where('trusted_issuer', '=', p.trustedIssuer),
);

type SubjectInsert = { id: string; trustedIssuer: string; subject: string; now: number };

export const insertSubject = statement<SubjectInsert>()((q, p) =>
  q
    .insertInto('outside_principal')
    .values({ id: p.id, trusted_issuer: p.trustedIssuer, subject: p.subject, created_at: p.now }),
);
