/** What the operator's command does, over the store. */
import { parseRepositoryName } from '@cerulean/oci/repository-name.ts';
import { newRegistry } from '../deployment.ts';
import { RegistryError } from '../errors.ts';
import { generatePassword } from '../identity/generate-password.ts';
import { makeCredential, revealPassword } from '../identity/make-credential.ts';
import type { PrincipalRow, RegistryRow } from '../registry/metadata-reader.ts';
import { identityBindingOperations } from './identity-binding-operations.ts';
import { knownRegistry } from './known-registry.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import { passwordOperations } from './password-operations.ts';
import { principalOperations, secretOperations } from './principal-operations.ts';
import type { OperatorCredentials, OperatorRegistry } from './protocol.ts';
import { rightsOperations } from './rights-operations.ts';
import { roleOperations } from './role-operations.ts';
import { scopeMapOperations, tokenOperations } from './token-operations.ts';
import { trustedIssuerOperations } from './trusted-issuer-operations.ts';

const registryNamePattern = /^[a-z0-9]{5,50}$/;

/** All about who may do what. */
const accessOperations = (parts: OperationsParts) => ({
  ...principalOperations(parts),
  ...secretOperations(parts),
  ...roleOperations(parts),
  ...identityBindingOperations(parts),
  ...passwordOperations(parts),
  ...trustedIssuerOperations(parts),
  ...rightsOperations(parts),
  ...scopeMapOperations(parts),
  ...tokenOperations(parts),
});

export function operatorHandlers(parts: OperationsParts): OperatorHandlers {
  const { reader, bus, status } = parts;
  const find = (name: string): Promise<RegistryRow> => knownRegistry(reader, name);
  const options = (registry: string) => ({ lane: registry, context: operatorContext(parts.sources) });
  return {
    ...accessOperations(parts),
    'registry.list': async () =>
      Promise.all((await reader.listRegistries()).map((row) => describeRegistry(parts, row))),
    'registry.show': async ({ name }) => describeRegistry(parts, await find(name)),
    'registry.create': async ({ name, adminUserEnabled = false, ...given }) => {
      refuseBadRegistryName(name);
      const verifierSecret = await parts.systemKeys.currentSecret('verifier');
      const { ring, sources } = parts;
      const made = await newRegistry(name, { ring, sources, verifierSecret, adminUserEnabled });
      await bus.execute('createRegistry', { ...made, ...given }, options(made.id));
      return describeRegistry(parts, await find(name));
    },
    'registry.set': async ({ name, sku, ...change }) => {
      const registry = await find(name);
      const input = { registry: registry.id, change, ...(sku === undefined ? {} : { sku }) };
      await bus.execute('setRegistry', input, options(registry.id));
      return describeRegistry(parts, await find(name));
    },
    'registry.delete': async ({ name }) => {
      const registry = await find(name);
      if (name === parts.defaultRegistry) {
        throw new RegistryError(
          'denied',
          `${name} is the default registry of this server: start it with --registry OTHER first.`,
        );
      }
      await bus.execute('deleteRegistry', { registry: registry.id }, options(registry.id));
      return { name, deleted: true };
    },
    'repository.set': async ({ registry: registryName, name, sparseManifests }) => {
      const registry = await find(registryName);
      const repositoryName = parseRepositoryName(name);
      if (repositoryName === undefined)
        throw new RegistryError('name_invalid', `«${name}» is not a repository's name.`);
      const input = { registry: registry.id, repositoryName, settings: { sparseManifests } };
      await bus.execute('setRepository', input, options(registry.id));
      return { registry: registryName, name, sparseManifests };
    },
    'credentials.show': async ({ name }) => credentialsOf(parts, await find(name)),
    'credentials.regenerate': async ({ name, password }) => {
      const registry = await find(name);
      refuseDisabledAdmin(registry);
      await regenerate(parts, registry, password);
      return credentialsOf(parts, registry);
    },
    status,
  };
}

async function describeRegistry(parts: OperationsParts, row: RegistryRow): Promise<OperatorRegistry> {
  return {
    name: row.name,
    loginServer: `${row.name}.${parts.domain}`,
    createdAt: new Date(row.createdAt).toISOString(),
    sku: row.sku,
    anonymousPull: row.settings.anonymousPull,
    sparseManifests: row.settings.sparseManifests,
    adminUserEnabled: row.settings.adminUserEnabled,
    roleAssignmentMode: row.settings.roleAssignmentMode,
    resourceGroup: row.resourceGroup ?? null,
    repositories: await parts.reader.countRepositories(row.id),
    isDefault: row.name === parts.defaultRegistry,
  };
}

function refuseBadRegistryName(name: string): void {
  if (registryNamePattern.test(name)) return;
  const message = `A registry's name has 5 to 50 lower-case letters and digits; «${name}» has not.`;
  throw new RegistryError('registry_name_invalid', message);
}

/** As ACR does: passwords that open nothing are not handed out. */
function refuseDisabledAdmin({ name, settings }: RegistryRow): void {
  if (settings.adminUserEnabled) return;
  const message = `The admin user of ${name} is off: switch it on with registry set ${name} --admin-user on, or give a principal a role.`;
  throw new RegistryError('denied', message);
}

async function adminOf(parts: OperationsParts, registry: RegistryRow): Promise<PrincipalRow> {
  const admin = await parts.reader.findPrincipal(registry.id, 'admin', registry.name);
  if (admin === undefined) throw new TypeError(`The registry ${registry.name} has no admin user.`);
  return admin;
}

async function credentialsOf(parts: OperationsParts, registry: RegistryRow): Promise<OperatorCredentials> {
  refuseDisabledAdmin(registry);
  const admin = await adminOf(parts, registry);
  const { number, key } = await parts.keys.current(registry);
  const credentials = await parts.reader.listCredentials(admin.id);
  return {
    username: admin.name,
    passwords: credentials.map((credential) => ({
      name: credential.name,
      value: revealPassword({
        principal: admin.id,
        credential,
        keyOf: (wanted) => (wanted === number ? key : undefined),
        acceptClear: false,
      }),
    })),
  };
}

async function regenerate(
  parts: OperationsParts,
  registry: RegistryRow,
  name: 'password' | 'password2',
): Promise<void> {
  const admin = await adminOf(parts, registry);
  const credential = await makeCredential({
    id: parts.sources.newId(),
    principal: admin.id,
    name,
    password: generatePassword(),
    chosenBy: 'generator',
    verifierSecret: await parts.systemKeys.currentSecret('verifier'),
    sealingKey: await parts.keys.current(registry),
  });
  const input = { registry: registry.id, principal: admin.id, credential };
  await parts.bus.execute('regenerateCredential', input, {
    lane: registry.id,
    context: operatorContext(parts.sources),
  });
}
