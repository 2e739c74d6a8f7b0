/**
 * Numbers events after their commit, without gaps, one stamper at a time for each registry. A sequence in the
 * transaction would do neither: readers that followed one missed an eighth of the events.
 */
import { sql } from 'kysely';
import type pg from 'pg';
import { inTransaction, PostgresQueries } from './postgres-database.ts';
import { statement } from './statement.ts';

const batchMax = 1000;

/** Numbers what is committed and has no number yet; answers how many events it numbered. */
export async function stampEvents(pool: pg.Pool, registry: string): Promise<number> {
  return inTransaction(pool, async (client) => {
    // Taken before the counter is read; a stamper that dies gives it back at once.
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`stamp ${registry}`]);
    const queries = new PostgresQueries(client);
    // A statement of its own after the lock: it sees everything that was committed before the lock was ours.
    const events = await queries.all(unstamped, { registry, limit: batchMax });
    for (const event of events) {
      const stream = { registry, origin: event.origin, incarnation: event.incarnation };
      const counter = await queries.one(count, stream);
      if (counter === undefined) throw new TypeError('An event counter that was just moved is not there.');
      await queries.run(stamp, { id: event.id, number: counter.last });
    }
    return events.length;
  });
}

const unstamped = statement<{ registry: string; limit: number }>()((q, p) =>
  q
    .selectFrom('event')
    .select(['id', 'origin', 'incarnation'])
    .where('registry', '=', p.registry)
    .where('number', 'is', null)
    // The event is its command's last statement, made under the locks of what it tells: insertion order is their order.
    .orderBy('arrival')
    .limit(p.limit),
);

const count = statement<{ registry: string; origin: string; incarnation: string }>()((q, p) =>
  q
    .insertInto('event_counter')
    .values({ registry: p.registry, origin: p.origin, incarnation: p.incarnation, last: 1, hlc: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(['registry', 'origin', 'incarnation'])
        .doUpdateSet({ last: sql<number>`event_counter.last + 1` }),
    )
    .returning('last'),
);

const stamp = statement<{ id: string; number: number }>()((q, p) =>
  q.updateTable('event').set({ number: p.number }).where('id', '=', p.id),
);
