/**
 * The first start of a deployment, and the checks of every later one. The order is what makes a loss visible: the
 * root key is durable before the database that needs it begins, and a database without its key is refused by the
 * key's fingerprint before anything is answered.
 */
import { existsSync } from 'node:fs';
import { checkRootKeyPlace } from './config/check-root-key-place.ts';
import type { Config } from './config/load-config.ts';
import { generatePassword } from './identity/generate-password.ts';
import { makeCredential } from './identity/make-credential.ts';
import { newSystemKeys } from './identity/new-system-keys.ts';
import { type SystemSecret, systemKeyPurposes } from './identity/system-keys.ts';
import { jobContext } from './jobs/job-runner.ts';
import type { Sources } from './process-sources.ts';
import type { CommandBus, NewCredential, NewJob, NewRegistry, NewSystemKey } from './registry/commands.ts';
import type { MetadataReader } from './registry/metadata-reader.ts';
import { defaultRegistrySettings } from './registry/settings.ts';
import { openBox, sealBox } from './sealing/box.ts';
import { registryKeyContext, systemKeyContext } from './sealing/box-context.ts';
import { type KeyRing, keyFingerprint } from './sealing/key-ring.ts';
import { createKeyRing, readKeyRing } from './sealing/key-ring-file.ts';
import { SealingError } from './sealing/sealing-error.ts';

/** Reads the root key, or makes it when there is neither key nor database. The caller holds the folder's guard. */
export async function openRootKey(
  config: Pick<Config, 'rootKeyFile' | 'inContainer'>,
  databaseFile: string,
): Promise<KeyRing> {
  try {
    return await readKeyRing(config.rootKeyFile);
  } catch (error) {
    const isFirstStart =
      error instanceof SealingError && error.code === 'key_file_missing' && !existsSync(databaseFile);
    if (!isFirstStart) throw error;
    await checkRootKeyPlace(config);
    return createKeyRing(config.rootKeyFile);
  }
}

/** What a first start made; undefined when the deployment was there. */
export interface FirstStart {
  readonly adminUser: string;
  /** Undefined when the operator gave it. */
  readonly madePassword: string | undefined;
}

/** Checks that the key is the database's, or makes the deployment in one transaction. @throws SealingError */
export async function openDeployment(
  parts: {
    readonly config: Config;
    readonly ring: KeyRing;
    readonly reader: MetadataReader;
    readonly bus: CommandBus;
  },
  sources: Sources,
): Promise<FirstStart | undefined> {
  const { config, ring, reader, bus } = parts;
  const deployment = await reader.deployment();
  if (deployment !== undefined) {
    checkFingerprint(config.rootKeyFile, ring, deployment);
    return undefined;
  }
  const given = config.adminPassword?.reveal();
  const password = given ?? generatePassword();
  const systemKeys = await newSystemKeys(ring);
  const registry = await newRegistry(config.registry, {
    ring,
    sources,
    verifierSecret: verifierSecretOf(systemKeys, ring),
    adminUserEnabled: true,
    password: { value: password, chosenBy: given === undefined ? 'generator' : 'person' },
  });
  const input = {
    incarnation: sources.newId(),
    origin: sources.newId(),
    rootKeyNumber: ring.current.number,
    rootKeyFingerprint: keyFingerprint(ring.current.key),
    systemKeys,
    registry,
    jobs: periodicJobs(sources),
  };
  await bus.execute('initialiseDeployment', input, {
    lane: 'deployment',
    context: jobContext(sources.newId, sources.now),
  });
  return { adminUser: config.registry, madePassword: given === undefined ? password : undefined };
}

/** Everything that a new registry begins with: an id, a key of its own, and an admin user with two passwords. */
export async function newRegistry(
  name: string,
  parts: {
    readonly ring: KeyRing;
    readonly sources: Sources;
    readonly verifierSecret: SystemSecret;
    /** On for the first registry alone, so that the first five minutes work. */
    readonly adminUserEnabled: boolean;
    readonly password?: { readonly value: string; readonly chosenBy: 'person' | 'generator' };
  },
): Promise<NewRegistry> {
  const { ring, sources, verifierSecret } = parts;
  const id = sources.newId();
  const key = sources.randomBytes(32);
  const keyNumber = 1;
  const principal = sources.newId();
  const first = parts.password ?? { value: generatePassword(), chosenBy: 'generator' };
  const second = { value: generatePassword(), chosenBy: 'generator' as const };
  const credential = (
    credentialName: NewCredential['name'],
    password: typeof first,
  ): Promise<NewCredential> =>
    makeCredential({
      id: sources.newId(),
      principal,
      name: credentialName,
      password: password.value,
      chosenBy: password.chosenBy,
      verifierSecret,
      sealingKey: { number: keyNumber, key },
    });
  return {
    id,
    name,
    settings: { ...defaultRegistrySettings, adminUserEnabled: parts.adminUserEnabled },
    keyNumber,
    keyBox: sealBox({
      kind: 'registryKey',
      keyNumber: ring.current.number,
      key: ring.current.key,
      context: registryKeyContext({ registry: id, keyNumber }),
      plaintext: key,
    }),
    admin: {
      principal,
      credentials: [await credential('password', first), await credential('password2', second)],
    },
  };
}

/** The verifiers' key among keys that were just made. */
function verifierSecretOf(keys: readonly NewSystemKey[], ring: KeyRing): SystemSecret {
  const row = keys.find((key) => key.purpose === systemKeyPurposes.verifier);
  if (row === undefined) throw new TypeError('A new deployment has no key for verifiers.');
  const context = systemKeyContext({ purpose: row.purpose, version: row.version });
  const key = openBox({
    kind: 'systemKey',
    box: row.box,
    context,
    keyOf: (n) => ring.keyOf(n),
    acceptClear: false,
  });
  return { version: row.version, key };
}

function checkFingerprint(
  keyFile: string,
  ring: KeyRing,
  deployment: { readonly rootKeyNumber: number; readonly rootKeyFingerprint: string },
): void {
  const key = ring.keyOf(deployment.rootKeyNumber);
  if (key !== undefined && keyFingerprint(key) === deployment.rootKeyFingerprint) return;
  throw new SealingError(
    'key_unknown',
    `The key file ${keyFile} is not the one of this database: the database needs key ${deployment.rootKeyNumber} with the fingerprint ${deployment.rootKeyFingerprint}.\n` +
      'Put the right key file in its place (your backup of it), or start with another data folder: --data DIR',
  );
}

function periodicJobs(sources: Sources): NewJob[] {
  return ['expireUploads', 'rotateSigningKey'].map((kind) => ({
    id: sources.newId(),
    kind,
    key: kind,
    payload: '{}',
    runAt: sources.now(),
  }));
}
