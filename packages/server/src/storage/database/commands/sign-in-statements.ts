/** The statements of passwords and refresh tokens. */
import { sql } from 'kysely';
import { statement } from '../statement.ts';

type PasswordInsert = {
  principal: string;
  id: string;
  kind: string;
  version: number;
  verifier: Uint8Array;
  now: number;
};

export const putPassword = statement<PasswordInsert>()((q, p) =>
  q
    .insertInto('user_password')
    .values({
      principal: p.principal,
      id: p.id,
      verifier_kind: p.kind,
      verifier_version: p.version,
      verifier: p.verifier,
      created_at: p.now,
    })
    .onConflict((conflict) =>
      conflict.column('principal').doUpdateSet({
        id: p.id,
        verifier_kind: p.kind,
        verifier_version: p.version,
        verifier: p.verifier,
        created_at: p.now,
      }),
    ),
);

export const passwordId = statement<{ principal: string }>()((q, p) =>
  q.selectFrom('user_password').select(['id']).where('principal', '=', p.principal),
);

export const removePassword = statement<{ principal: string }>()((q, p) =>
  q.deleteFrom('user_password').where('principal', '=', p.principal),
);

type FamilyInsert = {
  id: string;
  familyHash: string;
  principal: string;
  client: string;
  tokenHash: string;
  expiresAt: number;
  now: number;
};

export const insertFamily = statement<FamilyInsert>()((q, p) =>
  q.insertInto('refresh_family').values({
    id: p.id,
    family_hash: p.familyHash,
    principal: p.principal,
    client: p.client,
    current_hash: p.tokenHash,
    previous_hash: null,
    rotations: sql.lit(0),
    rotated_at: p.now,
    created_at: p.now,
    expires_at: p.expiresAt,
  }),
);

/** The family, locked: of two that show the same token at once the second sees what the first has done. */
export const lockedFamily = statement<{ familyHash: string }>()((q, p, dialect) => {
  const query = q.selectFrom('refresh_family').selectAll().where('family_hash', '=', p.familyHash);
  return dialect === 'postgres' ? query.forUpdate() : query;
});

export const rotateFamily = statement<{ id: string; from: string; to: string; now: number }>()((q, p) =>
  q
    .updateTable('refresh_family')
    .set({
      previous_hash: p.from,
      current_hash: p.to,
      rotated_at: p.now,
      rotations: sql<number>`rotations + 1`,
    })
    .where('id', '=', p.id),
);

export const removeFamily = statement<{ id: string }>()((q, p) =>
  q.deleteFrom('refresh_family').where('id', '=', p.id),
);

export const removeFamiliesOf = statement<{ principal: string }>()((q, p) =>
  q.deleteFrom('refresh_family').where('principal', '=', p.principal),
);

/** The one that was used longest ago comes first. */
export const familiesOf = statement<{ principal: string }>()((q, p) =>
  q
    .selectFrom('refresh_family')
    .select(['id'])
    .where('principal', '=', p.principal)
    .orderBy('rotated_at')
    .orderBy('id'),
);

export const expiredFamilies = statement<{ now: number; limit: number }>()((q, p) =>
  q
    .selectFrom('refresh_family')
    .select(['id'])
    .where('expires_at', '<=', p.now)
    .orderBy('expires_at')
    .limit(p.limit),
);
