/** The deployment as a whole: its first transaction and the keys that all registries share. */

import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';
import { addJob } from './jobs.ts';
import { addRegistry } from './registries.ts';

/** The first transaction of a new database. A second caller finds it done and changes nothing. */
export const initialiseDeployment: CommandBody<'initialiseDeployment'> = async (tx, input, context) => {
  const made = await tx.run(makeDeployment, {
    origin: input.origin,
    incarnation: input.incarnation,
    keyNumber: input.rootKeyNumber,
    fingerprint: input.rootKeyFingerprint,
    now: context.now,
  });
  if (made === 0) return { value: { created: false } };
  for (const key of input.systemKeys) await tx.run(addSystemKey, { ...key, now: context.now });
  await addRegistry(tx, input.registry, context.now);
  for (const job of input.jobs) await tx.run(addJob, { ...job, now: context.now });
  return {
    value: { created: true },
    rights: true,
    event: {
      registry: input.registry.id,
      kind: 'registry.create',
      payload: { name: input.registry.name, settings: input.registry.settings },
    },
  };
};

/** Adds a version of a system key; false when that version is there. */
export const putSystemKey: CommandBody<'putSystemKey'> = async (tx, input, context) => {
  const stored = (await tx.run(addSystemKey, { ...input, now: context.now })) > 0;
  return { value: { stored }, ...(stored ? { rights: true as const } : {}) };
};

/** From now on nothing that this key made is believed. */
export const retireSystemKey: CommandBody<'retireSystemKey'> = async (tx, input, context) => {
  await tx.run(markRetired, { ...input, now: context.now });
  return { value: {}, rights: true };
};

type DeploymentRow = {
  origin: string;
  incarnation: string;
  keyNumber: number;
  fingerprint: string;
  now: number;
};

const makeDeployment = statement<DeploymentRow>()((q, p) =>
  q
    .insertInto('deployment')
    .values({
      singleton: 1,
      origin: p.origin,
      incarnation: p.incarnation,
      root_key_number: p.keyNumber,
      root_key_fingerprint: p.fingerprint,
      rights_epoch: 1,
      created_at: p.now,
    })
    .onConflict((conflict) => conflict.column('singleton').doNothing()),
);

const addSystemKey = statement<{ purpose: number; version: number; box: Uint8Array; now: number }>()((q, p) =>
  q
    .insertInto('system_key')
    .values({ purpose: p.purpose, version: p.version, box: p.box, created_at: p.now, retired_at: null })
    .onConflict((conflict) => conflict.columns(['purpose', 'version']).doNothing()),
);

const markRetired = statement<{ purpose: number; version: number; now: number }>()((q, p) =>
  q
    .updateTable('system_key')
    .set({ retired_at: p.now })
    .where('purpose', '=', p.purpose)
    .where('version', '=', p.version),
);
