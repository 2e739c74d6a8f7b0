import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { limits } from '../limits.ts';
import { makeVerifier, repeatVerifier, type VerifiedCredential } from './credential-verifier.ts';
import type { LoginQueue } from './login-queue.ts';
import type { SystemKeys } from './system-keys.ts';

/** A verifier under a newer key, to be stored in place of the old one (`adoptVerifier`). */
export interface VerifierAdoption {
  readonly credential: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly verifier: Uint8Array;
}

/** A password that fits, and what shall become of its verifier. */
export interface VerifiedPassword {
  readonly credential: VerifiedCredential;
  readonly adoption: VerifierAdoption | undefined;
}

export interface PasswordVerifier {
  /**
   * The credential that this password belongs to, or undefined. All comparisons take constant time. Throws
   * `too_many_requests` when too many costly checks wait.
   */
  verify(credentials: readonly VerifiedCredential[], password: string): Promise<VerifiedPassword | undefined>;
}

export function createPasswordVerifier(options: {
  readonly systemKeys: SystemKeys;
  readonly queue: LoginQueue;
  readonly clock: () => number;
}): PasswordVerifier {
  const { systemKeys, queue, clock } = options;
  const rememberingKey = randomBytes(32);
  const remembered = new LRUCache<string, number>({ max: limits.verifiedPasswordsMax });

  async function fits(credential: VerifiedCredential, password: string): Promise<boolean> {
    const key = await systemKeys.secret('verifier', credential.verifierVersion);
    if (key === undefined) {
      throw new Error(
        `Credential ${credential.id} needs version ${credential.verifierVersion} of the verifier key.`,
      );
    }
    if (credential.verifierKind === 'hmac')
      return equal(await repeatVerifier(credential, password, key), credential);
    const memory = memoryOf(credential, password);
    const until = remembered.get(memory);
    if (until !== undefined && clock() < until) return true;
    const isRight = equal(await queue.run(async () => repeatVerifier(credential, password, key)), credential);
    if (isRight) remembered.set(memory, clock() + limits.verifiedPasswordSeconds * 1000);
    return isRight;
  }

  /** The verifier is part of it, so that a password that was changed is forgotten at once. */
  function memoryOf(credential: VerifiedCredential, password: string): string {
    const hmac = createHmac('sha256', rememberingKey).update(`${credential.id}\0`);
    return hmac.update(credential.verifier).update('\0').update(password).digest('base64');
  }

  async function adoptionOf(
    credential: VerifiedCredential,
    password: string,
  ): Promise<VerifierAdoption | undefined> {
    const secret = await systemKeys.currentSecret('verifier');
    if (secret.version <= credential.verifierVersion) return undefined;
    const { id, verifierVersion } = credential;
    const verifier = await queue.run(() => makeVerifier(credential, password, secret));
    return { credential: id, fromVersion: verifierVersion, toVersion: secret.version, verifier };
  }

  return {
    async verify(credentials, password) {
      // The cheap ones first: a generated password never waits for a costly check.
      for (const credential of credentials.toSorted(byCost)) {
        if (!(await fits(credential, password))) continue;
        return { credential, adoption: await adoptionOf(credential, password) };
      }
      return undefined;
    },
  };
}

function byCost(a: VerifiedCredential, b: VerifiedCredential): number {
  return Number(a.verifierKind === 'scrypt') - Number(b.verifierKind === 'scrypt');
}

function equal(verifier: Buffer | undefined, credential: VerifiedCredential): boolean {
  if (verifier === undefined || verifier.length !== credential.verifier.length) return false;
  return timingSafeEqual(verifier, credential.verifier);
}
