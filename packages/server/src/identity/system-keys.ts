/**
 * The keys of the deployment itself, unsealed and kept in memory only.
 *
 * Terminology. A system key has a *purpose* and a *version*. The newest version makes new things; older ones go on
 * verifying until they are retired. A *signing key* is found by the protected header of its tokens, never by anything
 * that a token says besides.
 *
 * Invariants. Keys are read through boxes of kind 6 and come from nowhere else. A failed read leaves the keys that are
 * known in place. Whatever a client sends leads to at most one read in `systemKeyRefreshMs`.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { RightsEpoch } from '../access/rights-epoch.ts';
import type { MetadataReader, SystemKeyRow } from '../registry/metadata-reader.ts';
import { systemKeyContext } from '../sealing/box-context.ts';
import { openBox } from '../sealing/box.ts';
import type { KeyRing } from '../sealing/key-ring.ts';
import { identityLimits } from './identity-limits.ts';

/** What system keys are for, by the number in their row. */
export const systemKeyPurposes = { verifier: 1, signing: 2, uploadToken: 3 } as const;

/** The purposes whose key is 32 random bytes. */
export type SecretPurpose = Exclude<keyof typeof systemKeyPurposes, 'signing'>;

export interface SystemSecret {
  readonly version: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface SigningKey {
  readonly version: number;
  /** The thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  /** The one protected header, in base64url, that tokens of this key have. */
  readonly header: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface SystemKeys {
  /** The newest secret. Throws when there is none: a deployment is never without. */
  currentSecret(purpose: SecretPurpose): Promise<SystemSecret>;
  secret(purpose: SecretPurpose, version: number): Promise<Uint8Array | undefined>;
  /** The key that signs now. */
  signingKey(): Promise<SigningKey>;
  /** The key whose tokens begin with this header. */
  signingKeyByHeader(header: string): Promise<SigningKey | undefined>;
}

/** How system keys are sealed: `ring` undefined is `--encryption none`. */
export interface SystemKeySealing {
  readonly ring: KeyRing | undefined;
  /** From the server's configuration, never from the database. */
  readonly acceptClear: boolean;
}

export function createSystemKeys(options: {
  readonly reader: Pick<MetadataReader, 'listSystemKeys'>;
  readonly sealing: SystemKeySealing;
  readonly epoch: RightsEpoch;
  readonly clock: () => number;
}): SystemKeys {
  const { clock } = options;
  const secrets = {
    verifier: keySet(
      'verifier',
      async (row, plaintext): Promise<SystemSecret> => ({ version: row.version, key: plaintext }),
    ),
    uploadToken: keySet(
      'uploadToken',
      async (row, plaintext): Promise<SystemSecret> => ({ version: row.version, key: plaintext }),
    ),
  };
  const signing = keySet('signing', (row, plaintext) => signingKeyOf(row, plaintext));

  return {
    async currentSecret(purpose) {
      const newest = (await secrets[purpose].load()).at(-1);
      if (newest === undefined) throw new Error(`The deployment has no system key for ${purpose}.`);
      return newest.key;
    },
    async secret(purpose, version) {
      return (await secrets[purpose].find((key) => key.version === version))?.key;
    },
    async signingKey() {
      const keys = await signing.load();
      const knownEverywhereSince = clock() - identityLimits.signingKeyAdoptSeconds * 1000;
      const known = keys.findLast((key) => key.createdAt <= knownEverywhereSince) ?? keys[0];
      if (known === undefined) throw new Error('The deployment has no signing key.');
      return known.key;
    },
    signingKeyByHeader: (header) => signing.find((key) => key.header === header),
  };

  function keySet<Key>(purpose: keyof typeof systemKeyPurposes, unseal: Unseal<Key>): KeySet<Key> {
    return createKeySet({ ...options, purpose, unseal });
  }
}

type Unseal<Key> = (row: SystemKeyRow, plaintext: Uint8Array) => Promise<Key>;

interface LoadedKey<Key> {
  readonly createdAt: number;
  readonly box: Uint8Array;
  readonly key: Key;
}

interface KeySet<Key> {
  /** What is not retired, oldest first. */
  load(): Promise<readonly LoadedKey<Key>[]>;
  /** Looks once more into the database when nothing fits, but not too often. */
  find(fits: (key: Key) => boolean): Promise<Key | undefined>;
}

function createKeySet<Key>(options: {
  readonly reader: Pick<MetadataReader, 'listSystemKeys'>;
  readonly sealing: SystemKeySealing;
  readonly epoch: RightsEpoch;
  readonly clock: () => number;
  readonly purpose: keyof typeof systemKeyPurposes;
  readonly unseal: Unseal<Key>;
}): KeySet<Key> {
  const { reader, sealing, epoch, clock, unseal } = options;
  const purpose = systemKeyPurposes[options.purpose];
  let loaded: { epoch: number; at: number; keys: readonly LoadedKey<Key>[] } | undefined;
  let loading: { epoch: number; keys: Promise<readonly LoadedKey<Key>[]> } | undefined;

  async function load(): Promise<readonly LoadedKey<Key>[]> {
    return loaded?.epoch === epoch.current() ? loaded.keys : refresh();
  }

  async function refresh(): Promise<readonly LoadedKey<Key>[]> {
    const now = epoch.current();
    if (loading?.epoch === now) return loading.keys;
    const started = { epoch: now, keys: read(now) };
    loading = started;
    try {
      return await started.keys;
    } finally {
      if (loading === started) loading = undefined;
    }
  }

  async function read(epochBefore: number): Promise<readonly LoadedKey<Key>[]> {
    const at = clock();
    const rows = (await reader.listSystemKeys(purpose)).filter((row) => row.retiredAt === null);
    const keys = await Promise.all(rows.toSorted((a, b) => a.version - b.version).map(unsealed));
    if (loaded === undefined || loaded.epoch <= epochBefore) loaded = { epoch: epochBefore, at, keys };
    return keys;
  }

  async function unsealed(row: SystemKeyRow): Promise<LoadedKey<Key>> {
    // A key that is open already is kept: its import into the crypto library is what costs.
    const known = loaded?.keys.find((key) => Buffer.compare(key.box, row.box) === 0);
    if (known !== undefined) return known;
    const plaintext = openBox({
      kind: 'systemKey',
      box: row.box,
      context: systemKeyContext({ purpose, version: row.version }),
      keyOf: (keyNumber) => sealing.ring?.keyOf(keyNumber),
      acceptClear: sealing.acceptClear,
    });
    return { createdAt: row.createdAt, box: row.box, key: await unseal(row, plaintext) };
  }

  return {
    load,
    async find(fits) {
      const known = (await load()).find(({ key }) => fits(key));
      if (known !== undefined) return known.key;
      if (loaded !== undefined && clock() - loaded.at < identityLimits.systemKeyRefreshMs) return undefined;
      return (await refresh()).find(({ key }) => fits(key))?.key;
    },
  };
}

/** `pkcs8` is the private key in DER. */
async function signingKeyOf(row: { readonly version: number }, pkcs8: Uint8Array): Promise<SigningKey> {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const kid = await calculateJwkThumbprint(publicKey, 'sha256');
  const header = Buffer.from(JSON.stringify(protectedHeader(kid))).toString('base64url');
  return { version: row.version, kid, header, privateKey, publicKey };
}

/** The protected header of every token; its members and their order are part of what a verifier looks up. */
export function protectedHeader(kid: string): { alg: 'RS256'; kid: string; typ: 'JWT' } {
  return { alg: 'RS256', kid, typ: 'JWT' };
}
