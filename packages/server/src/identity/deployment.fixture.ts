import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRole } from '../access/built-in-roles.ts';
import { createFetchJson } from '../outbound/fetch-json.ts';
import type { CommandBus, CommandContext, CommandName, Commands, NewRegistry } from '../registry/commands.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import { defaultRegistrySettings, type RegistrySettings } from '../registry/settings.ts';
import { sealBox } from '../sealing/box.ts';
import { registryKeyContext } from '../sealing/box-context.ts';
import { type KeyRing, keyFingerprint, keyRing } from '../sealing/key-ring.ts';
import { runCommand } from '../storage/database/commands/run-command.ts';
import { sqlReader } from '../storage/database/sql-reader.ts';
import { openSqliteWriter, type SqliteConnection } from '../storage/database/sqlite-database.ts';
import { prepareSqlite } from '../storage/database/sqlite-migration.ts';
import { SharedEpochs } from '../storage/writer/shared-epochs.ts';
import { createIdentity, type Identity } from './create-identity.ts';
import { toGuid } from './guid.ts';
import { allocateLoginMemory } from './login-failures.ts';
import { makeCredential } from './make-credential.ts';
import { makeSecret } from './make-secret.ts';
import { newSystemKeys } from './new-system-keys.ts';
import type { RefusedToken } from './outside-login.ts';
import { createSystemKeys } from './system-keys.ts';

/** A registry of a test, with what its admin user logs in with. */
export interface MadeRegistry {
  readonly id: string;
  readonly name: string;
  readonly principal: string;
  readonly key: Uint8Array;
  readonly password: string;
  readonly password2: string;
}

/** A deployment on a real database, with a clock that stands until a test moves it. */
export interface TestDeployment extends AsyncDisposable {
  /** Milliseconds. */
  now: number;
  readonly ring: KeyRing;
  readonly reader: MetadataReader;
  readonly epochs: SharedEpochs;
  readonly commands: CommandBus;
  readonly adoptionFailures: unknown[];
  /** Users whose refresh token came twice. */
  readonly reuses: string[];
  readonly fetchFailures: readonly { readonly issuer: string; readonly why: string }[];
  readonly refusedTokens: readonly RefusedToken[];
  readonly registry: MadeRegistry;
  readonly identity: Identity;
  readonly clock: () => number;
  newIdentity(): Identity;
  /** The one tenant, as 32 hex digits. */
  readonly tenant: string;
  createRegistry(name: string, options?: NewPasswords): Promise<MadeRegistry>;
  /** A service principal with a secret, and with these roles on the first registry. */
  createApplication(name: string, ...roles: string[]): Promise<MadeApplication>;
  /** A token of the first registry with one password. */
  createToken(name: string, scopeMap: string, expiresAt?: number): Promise<MadeToken>;
  run<N extends CommandName>(name: N, input: Commands[N]['input']): Promise<Commands[N]['output']>;
}

export interface MadeApplication {
  readonly id: string;
  /** A GUID. */
  readonly clientId: string;
  readonly secret: string;
}

export interface MadeToken {
  readonly id: string;
  readonly password: string;
}

export interface NewPasswords {
  readonly settings?: Partial<RegistrySettings>;
  /** Chosen by a person. */
  readonly password?: string;
}

export const newId = (): string => randomBytes(16).toString('hex');
const ring = keyRing([{ number: 1, key: randomBytes(32) }]);
// RSA keys take long to make on a small machine: one set serves the tests of a file.
const systemKeys = newSystemKeys(ring);

export async function openDeployment(options: NewPasswords = {}): Promise<TestDeployment> {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-identity-'));
  const connection = openSqliteWriter(join(folder, 'cerulean.sqlite'));
  await prepareSqlite(connection);
  const epochs = new SharedEpochs();
  const commands = directBus(connection, epochs);
  const reader = sqlReader(connection);
  const adoptionFailures: unknown[] = [];
  const reuses: string[] = [];
  const fetchFailures: { issuer: string; why: string }[] = [];
  const refusedTokens: RefusedToken[] = [];
  const keys = await systemKeys;
  const { made, input } = await newRegistry('cerulean', options, keys);

  const deployment: TestDeployment = {
    now: Date.UTC(2026, 10, 24),
    ring,
    reader,
    epochs,
    commands,
    adoptionFailures,
    reuses,
    fetchFailures,
    refusedTokens,
    registry: made,
    clock: () => deployment.now,
    identity: undefined as never,
    newIdentity: () =>
      createIdentity({
        reader,
        commands,
        epoch: epochs,
        sealing: { ring, acceptClear: false },
        clock: deployment.clock,
        newId,
        loginMemory: allocateLoginMemory(newId(), deployment.now),
        onAdoptionFailure: (error) => adoptionFailures.push(error),
        onRefreshReuse: (principal) => reuses.push(principal),
        fetchJson: createFetchJson({ bytesMax: 65_536, timeoutMs: 30_000 }),
        onFetchFailure: (issuer, why) => fetchFailures.push({ issuer, why }),
        onRefusedToken: (refused) => refusedTokens.push(refused),
      }),
    async createRegistry(name, registryOptions = {}) {
      const other = await newRegistry(name, registryOptions, keys);
      await deployment.run('createRegistry', other.input);
      return other.made;
    },
    tenant: newId(),
    async createApplication(name, ...roles) {
      const { tenant } = deployment;
      const [id, appId] = [newId(), newId()];
      await deployment.run('createPrincipal', { id, tenant, kind: 'service-principal', name, appId });
      for (const role of roles) {
        const scope = { kind: 'registry', registry: made.id } as const;
        const assignment = { id: newId(), principal: id, role: findRole(role)?.id ?? role, scope };
        await deployment.run('addRoleAssignment', { stream: tenant, ...assignment });
      }
      const { secret, value } = await secretOf(deployment, { owner: id, name: 'secret', expiresAt: null });
      await deployment.run('addSecret', { stream: tenant, secret, replaces: false });
      return { id, clientId: toGuid(appId), secret: value };
    },
    async createToken(name, scopeMap, expiresAt) {
      const id = newId();
      const about = { owner: id, name: 'password1', expiresAt: expiresAt ?? null };
      const { secret, value } = await secretOf(deployment, about);
      await deployment.run('createToken', { id, registry: made.id, name, scopeMap, secrets: [secret] });
      return { id, password: value };
    },
    run: (name, commandInput) =>
      commands.execute(name, commandInput, { lane: made.id, context: context(deployment.now) }),
    async [Symbol.asyncDispose]() {
      connection.close();
      await rm(folder, { recursive: true });
    },
  };
  await deployment.run('initialiseDeployment', {
    incarnation: newId(),
    origin: newId(),
    rootKeyNumber: ring.current.number,
    rootKeyFingerprint: keyFingerprint(ring.current.key),
    systemKeys: keys,
    registry: input,
    jobs: [],
  });
  const { tenant } = deployment;
  const names = { tenantName: 'contoso', subscription: newId(), subscriptionName: 'cerulean' };
  await deployment.run('ensureDirectory', { tenant, ...names });
  return Object.assign(deployment, { identity: deployment.newIdentity() });
}

/** A secret as the operator's command makes it. */
export async function secretOf(
  deployment: TestDeployment,
  about: { readonly owner: string; readonly name: string; readonly expiresAt: number | null },
) {
  const verifierSecret = await deployment.identity.systemKeys.currentSecret('verifier');
  return makeSecret({ id: newId(), ...about, verifierSecret });
}

function directBus(connection: SqliteConnection, epochs: SharedEpochs): CommandBus {
  return {
    async execute(name, input, { context: commandContext }) {
      connection.database.exec('begin immediate');
      const ran = await runCommand(connection, { name, input, context: commandContext });
      connection.database.exec('commit');
      if (ran.rights === true) epochs.moveRights();
      return ran.value;
    },
  };
}

async function newRegistry(
  name: string,
  options: NewPasswords,
  keys: Awaited<typeof systemKeys>,
): Promise<{ made: MadeRegistry; input: NewRegistry }> {
  const made: MadeRegistry = {
    id: newId(),
    name,
    principal: newId(),
    key: randomBytes(32),
    password: options.password ?? `first-${newId()}`,
    password2: `second-${newId()}`,
  };
  const reader = { listSystemKeys: async (purpose: number) => rowsOf(keys, purpose) };
  const unsealed = createSystemKeys({
    reader,
    sealing: { ring, acceptClear: false },
    epoch: { current: () => 0 },
    clock: () => 0,
  });
  const verifierSecret = await unsealed.currentSecret('verifier');
  const common = { principal: made.principal, verifierSecret, sealingKey: { number: 1, key: made.key } };
  const first = { id: newId(), name: 'password', password: made.password } as const;
  const second = { id: newId(), name: 'password2', password: made.password2 } as const;
  const credentials = [
    await makeCredential({
      ...common,
      ...first,
      chosenBy: options.password === undefined ? 'generator' : 'person',
    }),
    await makeCredential({ ...common, ...second, chosenBy: 'generator' }),
  ];
  const keyContext = registryKeyContext({ registry: made.id, keyNumber: 1 });
  const keyBox = sealBox({
    kind: 'registryKey',
    keyNumber: 1,
    key: ring.current.key,
    context: keyContext,
    plaintext: made.key,
  });
  const settings = { ...defaultRegistrySettings, adminUserEnabled: true, ...options.settings };
  const admin = { principal: made.principal, credentials };
  return { made, input: { id: made.id, name, settings, keyNumber: 1, keyBox, admin } };
}

function rowsOf(keys: Awaited<typeof systemKeys>, purpose: number) {
  return keys
    .filter((key) => key.purpose === purpose)
    .map((key) => ({ ...key, createdAt: 0, retiredAt: null }));
}

function context(now: number): CommandContext {
  return {
    commandId: newId(),
    newId: newId(),
    now,
    principalId: newId(),
    principalName: 'operator',
    requestId: newId(),
    address: '127.0.0.1',
    host: 'localhost',
    method: '',
    userAgent: '',
  };
}
