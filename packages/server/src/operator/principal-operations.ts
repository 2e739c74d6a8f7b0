/** What the operator's command does with principals, groups and what they log in by. */
import { RegistryError } from '../errors.ts';
import { isGuid, toGuid } from '../identity/guid.ts';
import { makeSecret } from '../identity/make-secret.ts';
import { readCertificate } from '../identity/read-certificate.ts';
import type { DirectoryPrincipalRow, SecretRow } from '../registry/access-reader.ts';
import type { OperatorPrincipal, OperatorSecret } from './access-protocol.ts';
import { readGivenKeys } from './given-keys.ts';
import { iso } from './iso-time.ts';
import { firstTenant, knownPrincipal } from './known-principal.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';

const dayMs = 24 * 60 * 60_000;

type PrincipalOperations = Pick<
  OperatorHandlers,
  | 'directory.show'
  | 'principal.list'
  | 'principal.show'
  | 'principal.create'
  | 'principal.set'
  | 'principal.delete'
  | 'group.add'
  | 'group.remove'
>;

export function principalOperations(parts: OperationsParts): PrincipalOperations {
  const { reader, bus, sources } = parts;
  const find = (named: string) => knownPrincipal(reader, named);
  const options = (tenant: string) => ({ lane: tenant, context: operatorContext(sources) });
  const show = (row: DirectoryPrincipalRow) => describePrincipal(parts, row);
  const changeMembership = async (names: { group: string; member: string }, isMember: boolean) => {
    const [group, member] = [await find(names.group), await find(names.member)];
    const input = { group: group.id, member: member.id, isMember };
    await bus.execute('changeMembership', input, options(group.tenant));
    return show(member);
  };
  return {
    'directory.show': async () => {
      const { tenant, subscription } = await firstTenant(reader);
      const [tenantId, subscriptionId] = [toGuid(tenant.id), toGuid(subscription.id)];
      return { tenantId, tenantName: tenant.name, subscriptionId };
    },
    'principal.list': async () => {
      const { tenant } = await firstTenant(reader);
      return Promise.all((await reader.listDirectoryPrincipals(tenant.id)).map(show));
    },
    'principal.show': async ({ principal }) => show(await find(principal)),
    'principal.create': async ({ name, type }) => {
      if (isGuid(name) || name !== name.trim()) {
        const message = `«${name}» is no name for a principal: it must not look like an id, nor begin or end with a space.`;
        throw new RegistryError('resource_invalid', message);
      }
      const { tenant } = await firstTenant(reader);
      const logsIn = type === 'service-principal' || type === 'managed-identity';
      const appId = logsIn ? sources.newId() : null;
      const input = { id: sources.newId(), tenant: tenant.id, kind: type, name, appId };
      await bus.execute('createPrincipal', input, options(tenant.id));
      return show(await find(name));
    },
    'principal.set': async ({ principal, enabled }) => {
      const { id, tenant } = await find(principal);
      await bus.execute('enablePrincipal', { id, enabled }, options(tenant));
      return show(await find(principal));
    },
    'principal.delete': async ({ principal }) => {
      const { id, tenant } = await find(principal);
      await bus.execute('deletePrincipal', { id }, options(tenant));
      return { deleted: true };
    },
    'group.add': (names) => changeMembership(names, true),
    'group.remove': (names) => changeMembership(names, false),
  };
}

type SecretOperations = Pick<
  OperatorHandlers,
  | 'secret.list'
  | 'secret.show'
  | 'secret.create'
  | 'secret.delete'
  | 'certificate.list'
  | 'certificate.create'
  | 'certificate.delete'
  | 'federated-credential.list'
  | 'federated-credential.create'
  | 'federated-credential.delete'
>;

export function secretOperations(parts: OperationsParts): SecretOperations {
  const { reader, bus, sources } = parts;
  const options = (lane: string) => ({ lane, context: operatorContext(sources) });
  return {
    ...certificateOperations(parts),
    ...federatedOperations(parts),
    'secret.list': async ({ principal }) => {
      const owner = await knownPrincipal(reader, principal);
      return (await reader.listSecrets(owner.id)).map((row) => describeSecret(owner, row));
    },
    'secret.show': async ({ principal, id }) => {
      const owner = await knownPrincipal(reader, principal);
      const row = (await reader.listSecrets(owner.id)).find((secret) => toGuid(secret.id) === id);
      if (row === undefined) throw unknown(`secret ${id}; see: secret list ${principal}`);
      return describeSecret(owner, row);
    },
    'secret.create': async ({ principal, name, days }) => {
      const owner = await applicationOf(parts, principal);
      const { secret, value } = await makeSecret({
        id: sources.newId(),
        owner: owner.id,
        name,
        expiresAt: sources.now() + days * dayMs,
        verifierSecret: await parts.systemKeys.currentSecret('verifier'),
      });
      const input = { stream: owner.tenant, secret, replaces: false };
      await bus.execute('addSecret', input, options(owner.tenant));
      const row = (await reader.listSecrets(owner.id)).find(({ id }) => id === secret.id);
      if (row === undefined) throw unknown(`secret ${name} any more`);
      const clientId = owner.appId === undefined ? null : toGuid(owner.appId);
      return { ...describeSecret(owner, row), clientId, tenantId: toGuid(owner.tenant), value };
    },
    'secret.delete': async ({ principal, id }) => {
      const owner = await knownPrincipal(reader, principal);
      const input = { stream: owner.tenant, owner: owner.id, id: id.replaceAll('-', '') };
      await bus.execute('deleteSecret', input, options(owner.tenant));
      return { deleted: true };
    },
  };
}

function certificateOperations(
  parts: OperationsParts,
): Pick<OperatorHandlers, 'certificate.list' | 'certificate.create' | 'certificate.delete'> {
  const { reader, bus, sources } = parts;
  const list = async (principal: string) => {
    const owner = await knownPrincipal(reader, principal);
    return (await reader.listCertificates(owner.id)).map((row) => ({
      id: toGuid(row.id),
      principal: owner.name,
      name: row.name,
      thumbprint: row.sha1.toUpperCase(),
      createdAt: iso(row.createdAt),
      expiresAt: iso(row.expiresAt),
    }));
  };
  return {
    'certificate.list': ({ principal }) => list(principal),
    'certificate.create': async ({ principal, name, pem }) => {
      const owner = await applicationOf(parts, principal);
      const certificate = { id: sources.newId(), owner: owner.id, name, ...readCertificate(pem) };
      const input = { stream: owner.tenant, certificate };
      const options = { lane: owner.tenant, context: operatorContext(sources) };
      await bus.execute('addCertificate', input, options);
      const made = (await list(principal)).find(({ id }) => id === toGuid(certificate.id));
      if (made === undefined) throw unknown(`certificate ${name} any more`);
      return made;
    },
    'certificate.delete': async ({ principal, id }) => {
      const owner = await knownPrincipal(reader, principal);
      const input = { stream: owner.tenant, owner: owner.id, id: id.replaceAll('-', '') };
      const options = { lane: owner.tenant, context: operatorContext(sources) };
      await bus.execute('deleteCertificate', input, options);
      return { deleted: true };
    },
  };
}

function federatedOperations(
  parts: OperationsParts,
): Pick<
  OperatorHandlers,
  'federated-credential.list' | 'federated-credential.create' | 'federated-credential.delete'
> {
  const { reader, bus, sources } = parts;
  const list = async (principal: string) => {
    const owner = await knownPrincipal(reader, principal);
    return (await reader.listFederatedCredentials(owner.id)).map((row) => ({
      id: toGuid(row.id),
      principal: owner.name,
      name: row.name,
      issuer: row.issuer,
      subject: row.subject,
      audience: row.audience,
      keys: row.keys === undefined ? ('fetched' as const) : ('given' as const),
      createdAt: iso(row.createdAt),
    }));
  };
  return {
    'federated-credential.list': ({ principal }) => list(principal),
    'federated-credential.create': async ({ principal, ...given }) => {
      const owner = await applicationOf(parts, principal);
      const { keys, ...where } = readGivenKeys(given);
      const about = { id: sources.newId(), owner: owner.id, name: given.name, issuer: given.issuer };
      const { subject, audience } = given;
      const credential = { ...about, subject, audience, keys: keys ?? '', ...where };
      const options = { lane: owner.tenant, context: operatorContext(sources) };
      await bus.execute('addFederatedCredential', { stream: owner.tenant, credential }, options);
      const made = (await list(principal)).find(({ id }) => id === toGuid(credential.id));
      if (made === undefined) throw unknown(`federated credential ${given.name} any more`);
      return made;
    },
    'federated-credential.delete': async ({ principal, id }) => {
      const owner = await knownPrincipal(reader, principal);
      const input = { stream: owner.tenant, owner: owner.id, id: id.replaceAll('-', '') };
      const options = { lane: owner.tenant, context: operatorContext(sources) };
      await bus.execute('deleteFederatedCredential', input, options);
      return { deleted: true };
    },
  };
}

/** Secrets are for those that log in with a client id. @throws resource_invalid */
async function applicationOf(parts: OperationsParts, principal: string): Promise<DirectoryPrincipalRow> {
  const owner = await knownPrincipal(parts.reader, principal);
  if (owner.kind === 'service-principal') return owner;
  const message = `${owner.name} is a ${owner.kind}: only a service principal logs in with secrets and certificates.`;
  throw new RegistryError('resource_invalid', message);
}

async function describePrincipal(
  { reader }: OperationsParts,
  row: DirectoryPrincipalRow,
): Promise<OperatorPrincipal> {
  const groups = await Promise.all(
    (await reader.listGroupsOf(row.id)).map((id) => reader.directoryPrincipal(id)),
  );
  return {
    name: row.name,
    type: row.kind,
    objectId: toGuid(row.id),
    clientId: row.appId === undefined ? null : toGuid(row.appId),
    tenantId: toGuid(row.tenant),
    enabled: row.enabled,
    createdAt: iso(row.createdAt),
    groups: groups.flatMap((group) => group?.name ?? []),
  };
}

function describeSecret(owner: DirectoryPrincipalRow, row: SecretRow): OperatorSecret {
  return {
    id: toGuid(row.id),
    principal: owner.name,
    name: row.name,
    hint: row.hint,
    createdAt: iso(row.createdAt),
    expiresAt: row.expiresAt === undefined ? null : iso(row.expiresAt),
  };
}

const unknown = (what: string): RegistryError => new RegistryError('resource_unknown', `There is no ${what}`);
