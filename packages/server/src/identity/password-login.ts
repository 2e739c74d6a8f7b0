import type { Caller, Principal } from '../access/authorise.ts';
import { RegistryError } from '../errors.ts';
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
 * Makes the login by user and password. A wrong password costs an attempt; those that are tried at the same time are
 * counted when they are known to be wrong, so a few more than the limit may pass: as many as may wait.
 */
export function createPasswordLogin(options: {
  readonly directory: Directory;
  readonly passwords: PasswordVerifier;
  readonly failures: LoginFailures;
  /** Hands a renewed verifier over; must not throw. */
  readonly adoptVerifier: (adoption: VerifierAdoption, principal: Principal, place: LoginPlace) => void;
}): PasswordLogin {
  const { directory, passwords, failures, adoptVerifier } = options;
  return async ({ user, password }, place) => {
    const attempt = { registry: place.registry.id, user, address: place.clientAddress };
    failures.check(attempt);
    const principal = await directory.principalByName(place.registry.id, user);
    // A user that is not there costs what the registry's own admin user costs, and gets the same answer.
    const checked = principal ?? (await directory.principalByName(place.registry.id, place.registry.name));
    const credentials = checked === undefined ? [] : await directory.credentialsOf(checked.id);
    const verified = await passwords.verify(credentials, password);
    if (principal === undefined || verified === undefined) {
      failures.record(attempt);
      throw new RegistryError('unauthorized', 'The user name or the password is wrong.');
    }
    refuseUnlessMayLogIn(principal, place);
    if (verified.adoption !== undefined) adoptVerifier(verified.adoption, principal, place);
    return { principal, bound: undefined };
  };
}
