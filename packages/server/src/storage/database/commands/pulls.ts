/** Figures of pulls, which serving threads count in memory and hand over from time to time. */
import { sql } from 'kysely';
import { type Builder, statement } from '../statement.ts';
import type { CommandBody } from './command.ts';

/**
 * Adds to how often manifests were pulled and tags were used, and moves the time of the last pull forward.
 *
 * It touches no repository: what threads remember of it has no figure of pulls in it, and would be void at every batch.
 * It writes no event: a pull changes nothing. Carried out twice it would count twice, and nobody sends it twice.
 */
export const recordPulls: CommandBody<'recordPulls'> = async (tx, input) => {
  const { registry } = input;
  // In one order, so that no two batches wait for each other.
  for (const { repositoryName, digest, count, at } of input.manifests.toSorted(byKey('digest')))
    await tx.run(addManifestPulls, { registry, name: repositoryName, digest, count, at });
  for (const { repositoryName, tag, count, at } of input.tags.toSorted(byKey('tag')))
    await tx.run(addTagPulls, { registry, name: repositoryName, tag, count, at });
  return { value: {} };
};

const byKey =
  <Name extends string>(member: Name) =>
  (
    one: Readonly<Record<'repositoryName' | Name, string>>,
    other: Readonly<Record<'repositoryName' | Name, string>>,
  ): number =>
    `${one.repositoryName} ${one[member]}` < `${other.repositoryName} ${other[member]}` ? -1 : 1;

type Pulls = { registry: string; name: string; count: number; at: number };

const figures = (p: Pulls) => ({
  pull_count: sql<number>`pull_count + ${p.count}`,
  last_pulled_at: sql<number>`case when last_pulled_at > ${p.at} then last_pulled_at else ${p.at} end`,
});

const repositoryNamed = (q: Builder, p: Pulls) =>
  q.selectFrom('repository').select('id').where('registry', '=', p.registry).where('name', '=', p.name);

const addManifestPulls = statement<Pulls & { digest: string }>()((q, p) =>
  q
    .updateTable('manifest')
    .set(figures(p))
    .where('digest', '=', p.digest)
    .where('repository', '=', repositoryNamed(q, p)),
);

const addTagPulls = statement<Pulls & { tag: string }>()((q, p) =>
  q
    .updateTable('tag')
    .set(figures(p))
    .where('name', '=', p.tag)
    .where('repository', '=', repositoryNamed(q, p)),
);
