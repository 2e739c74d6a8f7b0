/** Jobs: rows in the database that their cause was written to, in its transaction. */
import { sql } from 'kysely';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';

/** Adds a job; false when one of this kind and key is waiting. */
export const enqueueJob: CommandBody<'enqueueJob'> = async (tx, input, context) => ({
  value: { enqueued: (await tx.run(addJob, { ...input, now: context.now })) > 0 },
});

/** Takes due jobs for a while: they are nobody else's until the lease is over. */
export const claimJobs: CommandBody<'claimJobs'> = async (tx, input, context) => {
  const due = await tx.all(dueJobs, { now: context.now, limit: input.limit });
  const lease = { holder: input.holder, until: context.now + input.leaseMs };
  for (const job of due) await tx.run(leaseJob, { id: job.id, ...lease });
  return {
    value: due.map((job) => ({
      id: job.id,
      kind: job.kind,
      key: job.key,
      payload: job.payload,
      runAt: job.run_at,
      attempts: job.attempts + 1,
    })),
  };
};

/** Ends a job, or puts a periodic one back. Only its holder may: a late one changes nothing. */
export const completeJob: CommandBody<'completeJob'> = async (tx, input) => {
  const changed =
    input.again === null
      ? await tx.run(removeJob, { id: input.id, holder: input.holder })
      : await tx.run(putBackJob, { id: input.id, holder: input.holder, runAt: input.again });
  return { value: { completed: changed > 0 } };
};

/** Records a failure; after the last attempt the job is dead and stays visible. */
export const failJob: CommandBody<'failJob'> = async (tx, input) => {
  const row = await tx.one(attemptsOf, { id: input.id, holder: input.holder });
  if (row === undefined) return { value: { dead: false } };
  const dead = row.attempts >= input.attemptsMax;
  await tx.run(recordFailure, {
    id: input.id,
    state: dead ? 'dead' : 'ready',
    runAt: input.retryAt,
    error: input.error,
  });
  return { value: { dead } };
};

export const listTrash: CommandBody<'listTrash'> = async (tx, input) => {
  const rows = await tx.all(oldestTrash, { limit: input.limit });
  return { value: rows.map((row) => row.object) };
};

export const dropTrash: CommandBody<'dropTrash'> = async (tx, input) => {
  for (const object of input.objects) await tx.run(removeTrash, { object });
  return { value: {} };
};

type JobRow = { id: string; kind: string; key: string; payload: string; runAt: number; now: number };

export const addJob = statement<JobRow>()((q, p) =>
  q
    .insertInto('job')
    .values({
      id: p.id,
      kind: p.kind,
      key: p.key,
      payload: p.payload,
      state: 'ready',
      run_at: p.runAt,
      attempts: 0,
      locked_by: null,
      locked_until: null,
      last_error: null,
      created_at: p.now,
    })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'key']).where('state', '=', sql.lit('ready')).doNothing(),
    ),
);

// Without `skip locked` eight workers claimed 1,900 of 2,000 jobs twice; with it none.
const dueJobs = statement<{ now: number; limit: number }>()((q, p, dialect) => {
  const query = q
    .selectFrom('job')
    .select(['id', 'kind', 'key', 'payload', 'run_at', 'attempts'])
    // A literal, since a parameter would keep SQLite from the partial index.
    .where('state', '=', sql.lit('ready'))
    .where('run_at', '<=', p.now)
    .where((eb) => eb.or([eb('locked_until', 'is', null), eb('locked_until', '<', p.now)]))
    .orderBy('run_at')
    .limit(p.limit);
  return dialect === 'postgres' ? query.forUpdate().skipLocked() : query;
});

const leaseJob = statement<{ id: string; holder: string; until: number }>()((q, p) =>
  q
    .updateTable('job')
    .set({ locked_by: p.holder, locked_until: p.until, attempts: sql<number>`attempts + 1` })
    .where('id', '=', p.id),
);

const removeJob = statement<{ id: string; holder: string }>()((q, p) =>
  q.deleteFrom('job').where('id', '=', p.id).where('locked_by', '=', p.holder),
);

const putBackJob = statement<{ id: string; holder: string; runAt: number }>()((q, p) =>
  q
    .updateTable('job')
    .set({ run_at: p.runAt, attempts: 0, locked_by: null, locked_until: null, last_error: null })
    .where('id', '=', p.id)
    .where('locked_by', '=', p.holder),
);

const attemptsOf = statement<{ id: string; holder: string }>()((q, p) =>
  q.selectFrom('job').select(['attempts']).where('id', '=', p.id).where('locked_by', '=', p.holder),
);

const recordFailure = statement<{ id: string; state: string; runAt: number; error: string }>()((q, p) =>
  q
    .updateTable('job')
    .set({ state: p.state, run_at: p.runAt, last_error: p.error, locked_by: null, locked_until: null })
    .where('id', '=', p.id),
);

const oldestTrash = statement<{ limit: number }>()((q, p) =>
  q.selectFrom('trash').select(['object']).orderBy('deleted_at').limit(p.limit),
);

const removeTrash = statement<{ object: string }>()((q, p) =>
  q.deleteFrom('trash').where('object', '=', p.object),
);
