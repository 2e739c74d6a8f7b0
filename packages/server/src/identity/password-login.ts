import type { Caller, Principal } from '../access/authorise.ts';
import { RegistryError } from '../errors.ts';
import type { SecretRow } from '../registry/access-reader.ts';
import type { CredentialRow } from '../registry/metadata-reader.ts';
import type { Directory } from './directory.ts';
import type { LoginFailures } from './login-failures.ts';
import { type LoginPlace, refuseUnlessMayLogIn } from './login-place.ts';
import type { PasswordVerifier, VerifierAdoption } from './password-verifier.ts';

/** Throws `unauthorized`, with one answer for all that may be wrong with user and password, and `too_many_requests`. */
export type PasswordLogin = (
  credentials: { readonly user: string; readonly password: string },
  place: LoginPlace,
) => Promise<Caller>;

/**
 * Makes the login by user and password: the admin user, a token, or a client id with a client secret. A wrong password
 * costs an attempt; those that are tried at the same time are counted when they are known to be wrong, so a few more
 * than the limit may pass: as many as may wait.
 */
export function createPasswordLogin(options: {
  readonly directory: Directory;
  readonly passwords: PasswordVerifier;
  readonly failures: LoginFailures;
  readonly clock: () => number;
  /** Hands a renewed verifier over; must not throw. */
  readonly adoptVerifier: (adoption: VerifierAdoption, principal: Principal, place: LoginPlace) => void;
}): PasswordLogin {
  const { directory, passwords, failures, clock, adoptVerifier } = options;

  async function credentialsOf(principal: Principal): Promise<readonly (CredentialRow | SecretRow)[]> {
    return principal.kind === 'admin'
      ? directory.credentialsOf(principal.id)
      : directory.secretsOf(principal.id);
  }

  /** What a wrong password of the admin user costs, so that no other name is told from one that is not there. */
  async function takeAsLongAsAdmin(password: string, place: LoginPlace): Promise<void> {
    const admin = await directory.principalByLogin(place.registry, place.registry.name);
    if (admin !== undefined) await passwords.verify(await credentialsOf(admin), password);
  }

  return async ({ user, password }, place) => {
    const attempt = { registry: place.registry.id, user, address: place.clientAddress };
    failures.check(attempt);
    const principal = await directory.principalByLogin(place.registry, user);
    const verified =
      principal === undefined ? undefined : await passwords.verify(await credentialsOf(principal), password);
    if (principal === undefined || verified === undefined) {
      if (principal?.kind !== 'admin') await takeAsLongAsAdmin(password, place);
      failures.record(attempt);
      throw new RegistryError('unauthorized', 'The user name or the password is wrong.');
    }
    // Told only to whoever knows the secret.
    refuseExpired(verified.credential, clock());
    refuseUnlessMayLogIn(principal, place);
    failures.succeeded(attempt);
    if (verified.adoption !== undefined) adoptVerifier(verified.adoption, principal, place);
    return { principal, bound: undefined };
  };
}

function refuseExpired(credential: object, now: number): void {
  if (!('expiresAt' in credential) || typeof credential.expiresAt !== 'number') return;
  if (now < credential.expiresAt) return;
  const at = new Date(credential.expiresAt).toISOString();
  throw new RegistryError(
    'unauthorized',
    `This secret has expired at ${at}: use another, or make a new one.`,
  );
}
