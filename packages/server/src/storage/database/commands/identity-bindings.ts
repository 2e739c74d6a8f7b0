/** Who may have tokens of a managed identity. */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import { limits } from '../../../limits.ts';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';
import { lockedPrincipal } from './directory.ts';

/** @throws resource_unknown, resource_invalid for what is no managed identity, or when there are too many */
export const addIdentityBinding: CommandBody<'addIdentityBinding'> = async (tx, input, { now }) => {
  const { id, identity, systemAssigned, caller } = input.binding;
  const { kind, name } = await lockedPrincipal(tx, identity);
  if (kind !== 'managed-identity') {
    const message = `${name} is a ${kind}: only a managed identity is bound to callers. Make one with: principal create NAME --type managed-identity`;
    throw new RegistryError('resource_invalid', message);
  }
  const { count } = (await tx.one(countBindings, {})) ?? { count: 0 };
  if (count >= limits.identityBindingsMax) {
    const message = `There are at most ${limits.identityBindingsMax} identity bindings: delete one first, or name a network instead of its addresses.`;
    throw new RegistryError('resource_invalid', message);
  }
  await tx.run(insertBinding, {
    id,
    identity,
    systemAssigned: Number(systemAssigned),
    network: caller.kind === 'address' ? caller.network : null,
    version: caller.kind === 'header' ? caller.verifierVersion : null,
    verifier: caller.kind === 'header' ? caller.verifier : null,
    now,
  });
  const address = caller.kind === 'address' ? caller.network : null;
  const payload = { id, identity, name, systemAssigned, caller: caller.kind, address };
  return {
    value: {},
    rights: true,
    event: { registry: input.stream, kind: 'identity-binding.create', payload },
  };
};

/** @throws resource_unknown */
export const deleteIdentityBinding: CommandBody<'deleteIdentityBinding'> = async (tx, { stream, id }) => {
  if ((await tx.run(removeBinding, { id })) === 0)
    throw new RegistryError(
      'resource_unknown',
      'There is no identity binding with this id; see: identity-binding list',
    );
  const kind = 'identity-binding.delete';
  return { value: {}, rights: true, event: { registry: stream, kind, payload: { id } } };
};

type BindingInsert = {
  id: string;
  identity: string;
  systemAssigned: number;
  network: string | null;
  version: number | null;
  verifier: Uint8Array | null;
  now: number;
};

const insertBinding = statement<BindingInsert>()((q, p) =>
  q.insertInto('identity_binding').values({
    id: p.id,
    identity: p.identity,
    system_assigned: p.systemAssigned,
    network: p.network,
    verifier_version: p.version,
    verifier: p.verifier,
    created_at: p.now,
  }),
);

const countBindings = statement()((q) =>
  q.selectFrom('identity_binding').select(sql<number>`count(*)`.as('count')),
);

const removeBinding = statement<{ id: string }>()((q, p) =>
  q.deleteFrom('identity_binding').where('id', '=', p.id),
);
