/** What the operator's command does with scope maps and tokens. */
import { flawInScopeAction, systemScopeMaps } from '../access/scope-map.ts';
import { RegistryError } from '../errors.ts';
import { isGuid } from '../identity/guid.ts';
import { makeSecret } from '../identity/make-secret.ts';
import type { TokenRow } from '../registry/access-reader.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import type { OperatorScopeMap, OperatorToken } from './access-protocol.ts';
import { iso } from './iso-time.ts';
import { knownRegistry } from './known-registry.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorInput } from './protocol.ts';

const dayMs = 24 * 60 * 60_000;
const scopeMapName = /^[a-zA-Z0-9_-]{5,50}$/;
const tokenName = /^[a-zA-Z0-9-]{5,50}$/;

type ScopeMapOperations = Pick<
  OperatorHandlers,
  'scope-map.list' | 'scope-map.show' | 'scope-map.create' | 'scope-map.set' | 'scope-map.delete'
>;

export function scopeMapOperations(parts: OperationsParts): ScopeMapOperations {
  const { reader, bus, sources } = parts;
  const options = (lane: string) => ({ lane, context: operatorContext(sources) });
  const list = async (registry: RegistryRow): Promise<OperatorScopeMap[]> => [
    ...systemScopeMaps.map((map) => ({ registry: registry.name, isSystem: true, ...map })),
    ...(await reader.listScopeMaps(registry.id)).map(({ name, description, actions }) => ({
      registry: registry.name,
      isSystem: false,
      name,
      description,
      actions,
    })),
  ];
  const find = async (registry: RegistryRow, name: string): Promise<OperatorScopeMap> => {
    const found = (await list(registry)).find((map) => map.name === name);
    if (found !== undefined) return found;
    const message = `There is no scope map ${name} in ${registry.name}; see: scope-map list ${registry.name}`;
    throw new RegistryError('resource_unknown', message);
  };
  const put = async (input: OperatorInput<'scope-map.create'>, replaces: boolean) => {
    const registry = await knownRegistry(reader, input.registry);
    refuseBadScopeMap(input);
    const { name, description = '', actions } = input;
    const map = { registry: registry.id, name, description, actions, replaces };
    await bus.execute('putScopeMap', map, options(registry.id));
    return find(registry, name);
  };
  return {
    'scope-map.list': async ({ registry }) => list(await knownRegistry(reader, registry)),
    'scope-map.show': async ({ registry, name }) => find(await knownRegistry(reader, registry), name),
    'scope-map.create': (input) => put(input, false),
    'scope-map.set': (input) => put(input, true),
    'scope-map.delete': async ({ registry: registryName, name }) => {
      const registry = await knownRegistry(reader, registryName);
      await bus.execute('deleteScopeMap', { registry: registry.id, name }, options(registry.id));
      return { deleted: true };
    },
  };
}

type TokenOperations = Pick<
  OperatorHandlers,
  'token.list' | 'token.show' | 'token.create' | 'token.set' | 'token.renew' | 'token.delete'
>;

export function tokenOperations(parts: OperationsParts): TokenOperations {
  const { reader, bus, sources } = parts;
  const options = (lane: string) => ({ lane, context: operatorContext(sources) });
  const show = async (registry: RegistryRow, name: string) =>
    describeToken(parts, registry, await knownToken(parts, registry, name));
  return {
    'token.list': async ({ registry: name }) => {
      const registry = await knownRegistry(reader, name);
      const rows = await reader.listTokens(registry.id);
      return Promise.all(rows.map((row) => describeToken(parts, registry, row)));
    },
    'token.show': async ({ registry, name }) => show(await knownRegistry(reader, registry), name),
    'token.create': async ({ registry: registryName, name, scopeMap, days }) => {
      const registry = await knownRegistry(reader, registryName);
      refuseBadTokenName(name, registry);
      const id = sources.newId();
      const made = [await makePassword(parts, { owner: id, name: 'password1', days })];
      made.push(await makePassword(parts, { owner: id, name: 'password2', days }));
      const secrets = made.map(({ secret }) => secret);
      const input = { id, registry: registry.id, name, scopeMap, secrets };
      await bus.execute('createToken', input, options(registry.id));
      return withValues(await show(registry, name), made);
    },
    'token.set': async ({ registry: registryName, name, enabled = null, scopeMap = null }) => {
      const registry = await knownRegistry(reader, registryName);
      const { id } = await knownToken(parts, registry, name);
      await bus.execute(
        'changeToken',
        { id, registry: registry.id, enabled, scopeMap },
        options(registry.id),
      );
      return show(registry, name);
    },
    'token.renew': async ({ registry: registryName, name, password, days }) => {
      const registry = await knownRegistry(reader, registryName);
      const { id } = await knownToken(parts, registry, name);
      const made = await makePassword(parts, { owner: id, name: password, days });
      const input = { stream: registry.id, secret: made.secret, replaces: true };
      await bus.execute('addSecret', input, options(registry.id));
      return withValues(await show(registry, name), [made]);
    },
    'token.delete': async ({ registry: registryName, name }) => {
      const registry = await knownRegistry(reader, registryName);
      const { id } = await knownToken(parts, registry, name);
      await bus.execute('deleteToken', { id, registry: registry.id }, options(registry.id));
      return { deleted: true };
    },
  };
}

async function makePassword(
  { sources, systemKeys }: OperationsParts,
  asked: { readonly owner: string; readonly name: string; readonly days: number | undefined },
) {
  const { owner, name, days } = asked;
  return makeSecret({
    id: sources.newId(),
    owner,
    name,
    expiresAt: days === undefined ? null : sources.now() + days * dayMs,
    verifierSecret: await systemKeys.currentSecret('verifier'),
  });
}

async function knownToken(
  { reader }: OperationsParts,
  registry: RegistryRow,
  name: string,
): Promise<TokenRow> {
  const found = (await reader.listTokens(registry.id)).find((row) => row.name === name);
  if (found !== undefined) return found;
  const message = `There is no token ${name} in ${registry.name}; see: token list ${registry.name}`;
  throw new RegistryError('resource_unknown', message);
}

async function describeToken(
  { reader }: OperationsParts,
  registry: RegistryRow,
  { id, name, enabled, scopeMap, createdAt }: TokenRow,
): Promise<OperatorToken> {
  const passwords = (await reader.listSecrets(id)).map((row) => ({
    name: row.name,
    createdAt: iso(row.createdAt),
    expiresAt: row.expiresAt === undefined ? null : iso(row.expiresAt),
  }));
  return { registry: registry.name, name, enabled, scopeMap, createdAt: iso(createdAt), passwords };
}

/** The only time that passwords are shown. */
function withValues(
  token: OperatorToken,
  made: readonly { readonly secret: { readonly name: string }; readonly value: string }[],
): OperatorToken {
  const passwords = token.passwords.map((password) => {
    const value = made.find(({ secret }) => secret.name === password.name)?.value;
    return value === undefined ? password : { ...password, value };
  });
  return { ...token, passwords };
}

function refuseBadScopeMap({ name, actions }: OperatorInput<'scope-map.create'>): void {
  if (!scopeMapName.test(name)) {
    const message = `A scope map's name has 5 to 50 letters, digits, - and _; «${name}» has not.`;
    throw new RegistryError('resource_invalid', message);
  }
  const [flaw] = actions.flatMap((action) => flawInScopeAction(action) ?? []);
  if (flaw !== undefined) throw new RegistryError('resource_invalid', flaw);
}

/** A token's name is what its user logs in by, so it must be nobody else's: not the admin user's, not a client id. */
function refuseBadTokenName(name: string, registry: RegistryRow): void {
  if (tokenName.test(name) && !isGuid(name) && name !== registry.name) return;
  const message = `A token's name has 5 to 50 letters, digits and -, and is neither a GUID nor ${registry.name}, the admin user's name; «${name}» is not fit.`;
  throw new RegistryError('resource_invalid', message);
}
