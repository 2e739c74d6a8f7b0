/**
 * What a token says of a repository ends with that repository: one that is made again under its name, by whomever, is
 * another. So a claim carries when the last repository of its name was deleted, as it was known when the token was
 * made, and is worth nothing once there is a later deletion.
 */
import type { AccessClaim } from '../access/authorise.ts';

/** When the last repository of this name was deleted, in milliseconds; 0 where none was of late. */
export type RepositoryDeletedAt = (registry: string, name: string) => Promise<number>;

/** The claims of a new token. */
export async function claimsAsOfNow(
  claims: readonly AccessClaim[],
  registry: string,
  deletedAt: RepositoryDeletedAt,
): Promise<AccessClaim[]> {
  return Promise.all(
    claims.map(async (claim) => {
      const since = await lastDeletion(claim, registry, deletedAt);
      return since === 0 ? claim : { ...claim, since };
    }),
  );
}

/** The claims of a token that was made before, without those whose repository is gone. */
export async function claimsThatStand(
  claims: readonly AccessClaim[],
  registry: string,
  deletedAt: RepositoryDeletedAt,
): Promise<readonly AccessClaim[]> {
  const deletions = await Promise.all(claims.map((claim) => lastDeletion(claim, registry, deletedAt)));
  // Later than the last known deletion is right too: deletions are forgotten once no older token can be around.
  return claims.filter(({ since = 0 }, at) => since >= (deletions[at] ?? 0));
}

async function lastDeletion(
  { type, name }: AccessClaim,
  registry: string,
  deletedAt: RepositoryDeletedAt,
): Promise<number> {
  return type === 'repository' ? deletedAt(registry, name) : 0;
}
