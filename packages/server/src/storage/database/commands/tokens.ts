/** ACR's repository-scoped tokens and their scope maps. */
import { isSystemScopeMapName, systemScopeMaps } from '../../../access/scope-map.ts';
import { RegistryError } from '../../../errors.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';
import { lockRegistryForChange } from './locks.ts';
import { insertSecret, removeSecretsOf } from './secrets.ts';
import { refuseOneMore } from './tier-usage.ts';

/** @throws resource_exists, resource_invalid for a system's scope map or too many, resource_unknown */
export const putScopeMap: CommandBody<'putScopeMap'> = async (tx, input, { now }) => {
  const { sku } = await lockRegistryForChange(tx, input.registry);
  const { registry, name, description } = input;
  if (isSystemScopeMapName(name)) throw systemMap(name);
  const row = { registry, name, description, actions: JSON.stringify(input.actions) };
  const found = (await tx.one(scopeMapName, { registry, name })) !== undefined;
  if (found && !input.replaces) {
    const message = `There is a scope map ${name} already; change it with: scope-map set`;
    throw new RegistryError('resource_exists', message);
  }
  if (!found && input.replaces) throw unknownMap(name);
  if (found) await tx.run(changeScopeMap, row);
  else {
    await refuseOneMore(tx, { registry, sku }, 'scopeMapsMax');
    await tx.run(insertScopeMap, { ...row, now });
  }
  const kind = found ? 'scope-map.set' : 'scope-map.create';
  const payload = { name, description, actions: input.actions };
  return { value: {}, rights: true, event: { registry, kind, payload } };
};

/** @throws resource_unknown, resource_in_use while a token has it */
export const deleteScopeMap: CommandBody<'deleteScopeMap'> = async (tx, { registry, name }) => {
  await lockRegistryForChange(tx, registry);
  if (isSystemScopeMapName(name)) throw systemMap(name);
  const users = await tx.all(tokensWithMap, { registry, name });
  if (users.length > 0) {
    const names = users.map((user) => user.name).join(', ');
    const message = `The scope map ${name} is in use by these tokens: ${names}. Delete them or give them another first.`;
    throw new RegistryError('resource_in_use', message);
  }
  if ((await tx.run(removeScopeMap, { registry, name })) === 0) throw unknownMap(name);
  return { value: {}, rights: true, event: { registry, kind: 'scope-map.delete', payload: { name } } };
};

/** @throws resource_exists, resource_unknown for the scope map, resource_invalid for too many */
export const createToken: CommandBody<'createToken'> = async (tx, input, { now }) => {
  const { id, registry, name, scopeMap } = input;
  const { sku } = await lockRegistryForChange(tx, registry);
  await refuseUnknownMap(tx, registry, scopeMap);
  await refuseOneMore(tx, { registry, sku }, 'tokensMax');
  if ((await tx.run(insertToken, { id, registry, name, scopeMap, now })) === 0)
    throw new RegistryError('resource_exists', `There is a token ${name} already.`);
  for (const secret of input.secrets) await insertSecret(tx, secret, now);
  const payload = { id, name, scopeMap };
  return { value: {}, rights: true, event: { registry, kind: 'token.create', payload } };
};

/** @throws resource_unknown */
export const changeToken: CommandBody<'changeToken'> = async (tx, input) => {
  const { id, registry } = input;
  await lockRegistryForChange(tx, registry);
  const before = await tx.one(tokenById, { id, registry });
  if (before === undefined) throw unknownToken();
  const scopeMap = input.scopeMap ?? before.scope_map ?? '';
  if (input.scopeMap !== null) await refuseUnknownMap(tx, registry, scopeMap);
  const enabled = input.enabled ?? before.enabled === 1;
  await tx.run(updateToken, { id, enabled: Number(enabled), scopeMap });
  const payload = { id, name: before.name, enabled, scopeMap };
  return { value: {}, rights: true, event: { registry, kind: 'token.set', payload } };
};

/** @throws resource_unknown */
export const deleteToken: CommandBody<'deleteToken'> = async (tx, { id, registry }) => {
  await lockRegistryForChange(tx, registry);
  const before = await tx.one(tokenById, { id, registry });
  if (before === undefined) throw unknownToken();
  await tx.run(removeSecretsOf, { owner: id });
  await tx.run(removeToken, { id });
  const payload = { id, name: before.name };
  return { value: {}, rights: true, event: { registry, kind: 'token.delete', payload } };
};

async function refuseUnknownMap(tx: Transaction, registry: string, name: string): Promise<void> {
  if (systemScopeMaps.some((map) => map.name === name)) return;
  if ((await tx.one(scopeMapName, { registry, name })) === undefined) throw unknownMap(name);
}

const unknownMap = (name: string): RegistryError =>
  new RegistryError(
    'resource_unknown',
    `There is no scope map ${name} in this registry; see: scope-map list`,
  );
const unknownToken = (): RegistryError =>
  new RegistryError('resource_unknown', 'There is no such token in this registry; see: token list');
const systemMap = (name: string): RegistryError =>
  new RegistryError(
    'resource_invalid',
    `${name} is one of the system's names: it can't be made, changed or deleted.`,
  );

type MapRow = { registry: string; name: string; description: string; actions: string };

const scopeMapName = statement<{ registry: string; name: string }>()((q, p) =>
  q.selectFrom('scope_map').select(['name']).where('registry', '=', p.registry).where('name', '=', p.name),
);

const insertScopeMap = statement<MapRow & { now: number }>()((q, p) =>
  q.insertInto('scope_map').values({
    registry: p.registry,
    name: p.name,
    description: p.description,
    actions: p.actions,
    created_at: p.now,
  }),
);

const changeScopeMap = statement<MapRow>()((q, p) =>
  q
    .updateTable('scope_map')
    .set({ description: p.description, actions: p.actions })
    .where('registry', '=', p.registry)
    .where('name', '=', p.name),
);

const removeScopeMap = statement<{ registry: string; name: string }>()((q, p) =>
  q.deleteFrom('scope_map').where('registry', '=', p.registry).where('name', '=', p.name),
);

const tokensWithMap = statement<{ registry: string; name: string }>()((q, p) =>
  q
    .selectFrom('principal')
    .select(['name'])
    .where('registry', '=', p.registry)
    .where('kind', '=', 'token')
    .where('scope_map', '=', p.name)
    .orderBy('name')
    .limit(10),
);

type TokenInsert = { id: string; registry: string; name: string; scopeMap: string; now: number };

const insertToken = statement<TokenInsert>()((q, p) =>
  q
    .insertInto('principal')
    .values({
      id: p.id,
      registry: p.registry,
      kind: 'token',
      name: p.name,
      enabled: 1,
      created_at: p.now,
      scope_map: p.scopeMap,
    })
    .onConflict((conflict) => conflict.columns(['registry', 'kind', 'name']).doNothing()),
);

const tokenById = statement<{ id: string; registry: string }>()((q, p) =>
  q
    .selectFrom('principal')
    .select(['name', 'enabled', 'scope_map'])
    .where('id', '=', p.id)
    .where('registry', '=', p.registry)
    .where('kind', '=', 'token'),
);

const updateToken = statement<{ id: string; enabled: number; scopeMap: string }>()((q, p) =>
  q.updateTable('principal').set({ enabled: p.enabled, scope_map: p.scopeMap }).where('id', '=', p.id),
);

const removeToken = statement<{ id: string }>()((q, p) => q.deleteFrom('principal').where('id', '=', p.id));
