/** Registries, their settings and their admin users' passwords. */
import { RegistryError } from '../../../errors.ts';
import { defaultResourceGroup } from '../../../registry/access-commands.ts';
import type { NewCredential, NewRegistry } from '../../../registry/commands.ts';
import { defaultSku } from '../../../registry/tiers.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';
import { removeAssignmentsOnRegistry } from './directory-statements.ts';
import { lockOrMakeRepository, lockRegistry, lockRegistryForChange } from './locks.ts';
import { refuseIfOverTier } from './tier-usage.ts';
import { removalsOfTrustedIssuersOnRegistry } from './trusted-issuer-statements.ts';

/** Makes a registry with its key and its admin user. @throws registry_exists */
export const createRegistry: CommandBody<'createRegistry'> = async (tx, input, context) => {
  if ((await tx.one(registryByName, { name: input.name })) !== undefined) throw taken(input.name);
  await addRegistry(tx, input, context.now);
  return {
    value: {},
    rights: true,
    event: {
      registry: input.id,
      kind: 'registry.create',
      payload: { name: input.name, settings: input.settings, sku: input.sku ?? defaultSku },
    },
  };
};

/**
 * Changes some of the settings, and the tier; answers all settings.
 * @throws resource_in_use when the registry holds more than the tier allows
 */
export const setRegistry: CommandBody<'setRegistry'> = async (tx, input, { now }) => {
  const { settings, sku: skuBefore } = await lockRegistryForChange(tx, input.registry);
  const { sku = skuBefore } = input;
  if (sku !== skuBefore) await refuseIfOverTier(tx, input.registry, sku);
  const { roleAssignmentModeSince: since } = settings;
  const { roleAssignmentMode = settings.roleAssignmentMode } = input.change;
  const roleAssignmentModeSince =
    roleAssignmentMode === settings.roleAssignmentMode ? since : Math.max(now, since + 1);
  const changed = { ...settings, ...input.change, roleAssignmentModeSince };
  await tx.run(saveSettings, { id: input.registry, settings: JSON.stringify(changed), sku });
  return {
    value: changed,
    rights: true,
    event: {
      registry: input.registry,
      kind: 'registry.set',
      payload: { before: { ...settings, sku: skuBefore }, after: { ...changed, sku } },
    },
  };
};

/** Takes a registry away: its name is free and nothing of it can be reached. Its rows and bytes wait to be reclaimed. */
export const deleteRegistry: CommandBody<'deleteRegistry'> = async (tx, input, context) => {
  const { name } = await lockRegistryForChange(tx, input.registry);
  await tx.run(markDeleted, { id: input.registry, now: context.now });
  await tx.run(disablePrincipals, { registry: input.registry });
  await tx.run(removeAssignmentsOnRegistry, { registry: input.registry });
  for (const removal of removalsOfTrustedIssuersOnRegistry)
    await tx.run(removal, { registry: input.registry });
  return {
    value: {},
    rights: true,
    event: { registry: input.registry, kind: 'registry.delete', payload: { name } },
  };
};

/** Sets a repository's own settings; makes the repository when it is not there, so that a mirror can be set up first. */
export const setRepository: CommandBody<'setRepository'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const repository = await lockOrMakeRepository(
    tx,
    { registry: input.registry, name: input.repositoryName },
    { newId: context.newId, now: context.now },
  );
  await tx.run(saveRepositorySettings, { id: repository.id, settings: JSON.stringify(input.settings) });
  return {
    value: {},
    rights: true,
    event: {
      registry: input.registry,
      kind: 'repository.set',
      repository,
      payload: { before: repository.settings, after: input.settings },
    },
  };
};

/** Puts a new password in the place of the one of the same name. */
export const regenerateCredential: CommandBody<'regenerateCredential'> = async (tx, input, context) => {
  await lockRegistry(tx, input.registry);
  const removed = await tx.run(removeCredential, { principal: input.principal, name: input.credential.name });
  if (removed === 0)
    throw new RegistryError('credential_unknown', `There is no password called ${input.credential.name}.`);
  await addCredential(tx, { ...input, now: context.now });
  return {
    value: {},
    rights: true,
    event: {
      registry: input.registry,
      kind: 'credential.regenerate',
      payload: { principal: input.principal, name: input.credential.name },
    },
  };
};

/** Moves a verifier to a newer key; nothing else of the credential changes, so no right does. */
export const adoptVerifier: CommandBody<'adoptVerifier'> = async (tx, input) => {
  const moved = {
    id: input.credential,
    from: input.fromVersion,
    to: input.toVersion,
    verifier: input.verifier,
  };
  const changed = (await tx.run(moveVerifier, moved)) + (await tx.run(moveSecretVerifier, moved));
  return { value: { adopted: changed > 0 }, ...(changed > 0 ? { rights: true as const } : {}) };
};

/** Adds a registry's rows: itself, its key, its admin user. */
export async function addRegistry(tx: Transaction, input: NewRegistry, now: number): Promise<void> {
  await tx.run(insertRegistry, {
    id: input.id,
    name: input.name,
    settings: JSON.stringify(input.settings),
    keyNumber: input.keyNumber,
    resourceGroup: input.resourceGroup ?? defaultResourceGroup,
    sku: input.sku ?? defaultSku,
    now,
  });
  await tx.run(insertRegistryKey, { registry: input.id, number: input.keyNumber, box: input.keyBox, now });
  await tx.run(insertPrincipal, {
    id: input.admin.principal,
    registry: input.id,
    kind: 'admin',
    name: input.name,
    now,
  });
  const { principal, credentials } = input.admin;
  for (const credential of credentials) await addCredential(tx, { principal, credential, now });
}

async function addCredential(
  tx: Transaction,
  added: { readonly principal: string; readonly credential: NewCredential; readonly now: number },
): Promise<void> {
  const { principal, credential, now } = added;
  await tx.run(insertCredential, {
    id: credential.id,
    principal,
    name: credential.name,
    sealed: credential.sealedBox,
    kind: credential.verifierKind,
    version: credential.verifierVersion,
    verifier: credential.verifier,
    now,
  });
}

const taken = (name: string): RegistryError =>
  new RegistryError('registry_exists', `There is a registry called ${name} already.`, { name });

const registryByName = statement<{ name: string }>()((q, p) =>
  q.selectFrom('registry').select(['id']).where('name', '=', p.name).where('deleted_at', 'is', null),
);

const insertRegistry = statement<{
  id: string;
  name: string;
  settings: string;
  keyNumber: number;
  resourceGroup: string;
  sku: string;
  now: number;
}>()((q, p) =>
  q.insertInto('registry').values({
    id: p.id,
    name: p.name,
    settings: p.settings,
    key_number: p.keyNumber,
    created_at: p.now,
    deleted_at: null,
    // Null until there is a directory.
    subscription: q.selectFrom('subscription').select('id').orderBy('created_at').orderBy('id').limit(1),
    resource_group: p.resourceGroup,
    sku: p.sku,
  }),
);

const insertRegistryKey = statement<{ registry: string; number: number; box: Uint8Array; now: number }>()(
  (q, p) =>
    q
      .insertInto('registry_key')
      .values({ registry: p.registry, number: p.number, box: p.box, created_at: p.now }),
);

const insertPrincipal = statement<{
  id: string;
  registry: string;
  kind: string;
  name: string;
  now: number;
}>()((q, p) =>
  q.insertInto('principal').values({
    id: p.id,
    registry: p.registry,
    kind: p.kind,
    name: p.name,
    enabled: 1,
    created_at: p.now,
    scope_map: null,
  }),
);

type CredentialInsert = {
  id: string;
  principal: string;
  name: string;
  sealed: Uint8Array;
  kind: string;
  version: number;
  verifier: Uint8Array;
  now: number;
};

const insertCredential = statement<CredentialInsert>()((q, p) =>
  q.insertInto('credential').values({
    id: p.id,
    principal: p.principal,
    name: p.name,
    sealed_box: p.sealed,
    verifier_kind: p.kind,
    verifier_version: p.version,
    verifier: p.verifier,
    created_at: p.now,
  }),
);

const removeCredential = statement<{ principal: string; name: string }>()((q, p) =>
  q.deleteFrom('credential').where('principal', '=', p.principal).where('name', '=', p.name),
);

const moveVerifier = statement<{ id: string; from: number; to: number; verifier: Uint8Array }>()((q, p) =>
  q
    .updateTable('credential')
    .set({ verifier_version: p.to, verifier: p.verifier })
    .where('id', '=', p.id)
    .where('verifier_version', '=', p.from),
);

const moveSecretVerifier = statement<{ id: string; from: number; to: number; verifier: Uint8Array }>()(
  (q, p) =>
    q
      .updateTable('secret')
      .set({ verifier_version: p.to, verifier: p.verifier })
      .where('id', '=', p.id)
      .where('verifier_version', '=', p.from),
);

const saveSettings = statement<{ id: string; settings: string; sku: string }>()((q, p) =>
  q.updateTable('registry').set({ settings: p.settings, sku: p.sku }).where('id', '=', p.id),
);

const saveRepositorySettings = statement<{ id: string; settings: string }>()((q, p) =>
  q.updateTable('repository').set({ settings: p.settings }).where('id', '=', p.id),
);

const markDeleted = statement<{ id: string; now: number }>()((q, p) =>
  q.updateTable('registry').set({ deleted_at: p.now }).where('id', '=', p.id),
);

const disablePrincipals = statement<{ registry: string }>()((q, p) =>
  q.updateTable('principal').set({ enabled: 0 }).where('registry', '=', p.registry),
);
