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
import { limits } from '../limits.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import { type SystemKeySealing, SystemKeySet, type Unseal } from './system-key-set.ts';

/** What system keys are for, by the number in their row. */
export const systemKeyPurposes = { verifier: 1, signing: 2, uploadToken: 3, issuer: 4 } as const;

/** The purposes whose key is 32 random bytes. */
export type SecretPurpose = Exclude<keyof typeof systemKeyPurposes, 'signing' | 'issuer'>;

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
  /** The keys of the directory's own tokens, which are no registry's. */
  readonly issuer: IssuerKeys;
}

export interface IssuerKeys {
  /** The key that signs now. */
  current(): Promise<SigningKey>;
  byHeader(header: string): Promise<SigningKey | undefined>;
  /** All whose tokens are still believed, oldest first. */
  all(): Promise<readonly SigningKey[]>;
}

export function createSystemKeys(options: {
  readonly reader: Pick<MetadataReader, 'listSystemKeys'>;
  readonly sealing: SystemKeySealing;
  readonly epoch: RightsEpoch;
  readonly clock: () => number;
}): SystemKeys {
  const { clock } = options;
  const keySet = <Key>(purpose: keyof typeof systemKeyPurposes, unseal: Unseal<Key>) =>
    new SystemKeySet({ ...options, purpose: systemKeyPurposes[purpose], unseal });
  const secretOf: Unseal<SystemSecret> = async ({ version }, key) => ({ version, key });
  const secrets = { verifier: keySet('verifier', secretOf), uploadToken: keySet('uploadToken', secretOf) };
  const signing = keySet('signing', signingKeyOf);
  const issuer = keySet('issuer', signingKeyOf);
  const signsNow = async (set: SystemKeySet<SigningKey>): Promise<SigningKey> => {
    const keys = await set.load();
    const knownEverywhereSince = clock() - limits.signingKeyAdoptSeconds * 1000;
    const known = keys.findLast((key) => key.createdAt <= knownEverywhereSince) ?? keys[0];
    if (known === undefined) throw new Error('The deployment has no signing key.');
    return known.key;
  };

  return {
    async currentSecret(purpose) {
      const newest = (await secrets[purpose].load()).at(-1);
      if (newest === undefined) throw new Error(`The deployment has no system key for ${purpose}.`);
      return newest.key;
    },
    async secret(purpose, version) {
      return (await secrets[purpose].find((key) => key.version === version))?.key;
    },
    signingKey: () => signsNow(signing),
    signingKeyByHeader: (header) => signing.find((key) => key.header === header),
    issuer: {
      current: () => signsNow(issuer),
      byHeader: (header) => issuer.find((key) => key.header === header),
      all: async () => (await issuer.load()).map(({ key }) => key),
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
