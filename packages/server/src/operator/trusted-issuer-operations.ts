/** What the operator's command does with outside issuers that are trusted. */
import { hasRights, roleRights } from '../access/role-rights.ts';
import { RegistryError } from '../errors.ts';
import { anyRegistry, workloadExchange } from '../identity/audiences.ts';
import type { TrustedIssuerRow } from '../registry/access-reader.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import type { OperatorTrustedIssuer } from './access-protocol.ts';
import { azurePath } from './azure-path.ts';
import { readGivenKeys } from './given-keys.ts';
import { iso } from './iso-time.ts';
import { firstTenant } from './known-principal.ts';
import { knownRegistry } from './known-registry.ts';
import { type KnownRole, knownRole, refuseOutside, roleNameOf } from './known-role.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import type { OperatorInput } from './protocol.ts';

type TrustedIssuerOperations = Pick<
  OperatorHandlers,
  | 'trusted-issuer.list'
  | 'trusted-issuer.show'
  | 'trusted-issuer.create'
  | 'trusted-issuer.set'
  | 'trusted-issuer.delete'
>;

export function trustedIssuerOperations(parts: OperationsParts): TrustedIssuerOperations {
  const { reader, bus, sources } = parts;
  const options = (lane: string) => ({ lane, context: operatorContext(sources) });
  const find = async (name: string): Promise<TrustedIssuerRow> => {
    const found = (await reader.listTrustedIssuers()).find((row) => row.name === name);
    if (found !== undefined) return found;
    const message = `There is no trusted issuer ${name}; see: trusted-issuer list`;
    throw new RegistryError('resource_unknown', message);
  };
  const show = async (name: string) => describe(parts, await find(name));
  return {
    'trusted-issuer.list': async () =>
      Promise.all((await reader.listTrustedIssuers()).map((row) => describe(parts, row))),
    'trusted-issuer.show': ({ name }) => show(name),
    'trusted-issuer.create': async (input) => {
      const { tenant, subscription } = await firstTenant(reader);
      const registry = input.registry === undefined ? undefined : await knownRegistry(reader, input.registry);
      const scope =
        registry === undefined
          ? ({ kind: 'subscription', subscription: subscription.id } as const)
          : ({ kind: 'registry', registry: registry.id } as const);
      const role = await knownRole(reader, input.role);
      refuseOutside(role, await azurePath(scope, await reader.listRegistries()));
      const issuer = {
        id: sources.newId(),
        tenant: tenant.id,
        ...conditionsOf(input),
        audience: audienceOf(input, registry, parts.domain),
        role: roleOf(role),
        scope,
        ...readGivenKeys(input),
      };
      const stream = registry?.id ?? tenant.id;
      await bus.execute('addTrustedIssuer', { stream, issuer }, options(stream));
      return show(input.name);
    },
    'trusted-issuer.set': async ({ name, enabled }) => {
      const row = await find(name);
      const stream = streamOf(row);
      await bus.execute('enableTrustedIssuer', { stream, id: row.id, enabled }, options(stream));
      return show(name);
    },
    'trusted-issuer.delete': async ({ name }) => {
      const row = await find(name);
      const stream = streamOf(row);
      await bus.execute('deleteTrustedIssuer', { stream, id: row.id }, options(stream));
      return { deleted: true };
    },
  };
}

type Given = OperatorInput<'trusted-issuer.create'>;

const streamOf = ({ scope, tenant }: TrustedIssuerRow): string =>
  scope.kind === 'registry' ? scope.registry : tenant;

function conditionsOf({ name, issuer, subject, claims = [] }: Given) {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}$/.test(name))
    throw invalid(`A trusted issuer's name has 1 to 63 letters, digits and -; «${name}» has not.`);
  if (/^\**$/.test(subject) && claims.length === 0) {
    const message = `The subject «${subject}» lets in everybody whom ${issuer} knows: name a subject, or give a --claim.`;
    throw invalid(message);
  }
  return { name, issuer, subject, claims };
}

/**
 * The audience must be one that tokens for this registry have: a token that was made for somebody else could come from
 * whoever it was made for. Federated tokens of Azure's are for nobody in particular, so they must be asked for.
 */
function audienceOf(
  { audience, foreignAudience = false, registry: named }: Given,
  registry: RegistryRow | undefined,
  domain: string,
): string {
  const loginServer = registry === undefined ? undefined : `${registry.name}.${domain}`;
  const chosen = audience ?? loginServer ?? anyRegistry;
  const own = loginServer === undefined ? [] : [loginServer, `https://${loginServer}`];
  const ours = [...own, anyRegistry, workloadExchange];
  if (ours.includes(chosen) || foreignAudience) return chosen;
  const hint = named === undefined ? ' Or say the registry with --registry.' : '';
  const message = `The audience «${chosen}» is not ours: have the issuer make tokens for one of ${ours.join(', ')}.${hint} If it can't, give --foreign-audience: then whoever gets such tokens can log in with them here.`;
  throw invalid(message);
}

function roleOf(role: KnownRole): string {
  const place = { registry: '', subscription: undefined, resourceGroup: undefined };
  const scope = { kind: 'registry', registry: '' } as const;
  const assignments = [{ id: '', role: role.id, scope, custom: role }];
  const modes = ['LegacyRegistryPermissions', 'AbacRepositoryPermissions'] as const;
  if (modes.some((mode) => hasRights(roleRights(assignments, place, mode)))) return role.id;
  throw invalid(`The role ${role.name} says nothing about content: to pull, give AcrPull; to push, AcrPush.`);
}

async function describe({ reader }: OperationsParts, row: TrustedIssuerRow): Promise<OperatorTrustedIssuer> {
  const { scope } = row;
  const registries = await reader.listRegistries();
  const registry = scope.kind === 'registry' ? scope.registry : undefined;
  return {
    name: row.name,
    issuer: row.issuer,
    audience: row.audience,
    registry: registries.find(({ id }) => id === registry)?.name ?? null,
    subject: row.subject,
    claims: row.claims,
    role: await roleNameOf(reader, row.role),
    keys: row.keys === undefined ? 'fetched' : 'given',
    jwksUri: row.jwksUri ?? null,
    enabled: row.enabled,
    createdAt: iso(row.createdAt),
  };
}

const invalid = (message: string): RegistryError => new RegistryError('resource_invalid', message);
