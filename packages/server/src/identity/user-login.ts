import { createHash } from 'node:crypto';
import type { DirectoryPrincipalRow, TenantRow } from '../registry/access-reader.ts';
import { makeVerifier, type VerifiedCredential } from './credential-verifier.ts';
import type { Directory } from './directory.ts';
import { DirectoryError } from './directory-error.ts';
import type { LoginFailures } from './login-failures.ts';
import type { PasswordVerifier } from './password-verifier.ts';
import type { SystemKeys } from './system-keys.ts';

/** A user who has shown his password, and which one. */
export interface SignedInUser {
  readonly user: DirectoryPrincipalRow;
  readonly passwordId: string;
}

/** Throws DirectoryError, with one answer for all that may be wrong with name and password; `too_many_requests`. */
export type UserLogin = (
  given: { readonly name: string; readonly password: string },
  place: { readonly tenant: TenantRow; readonly clientAddress: string },
) => Promise<SignedInUser>;

/** Makes the login of users by name and password. */
export function createUserLogin(options: {
  readonly directory: Directory;
  readonly passwords: PasswordVerifier;
  readonly failures: LoginFailures;
  readonly systemKeys: SystemKeys;
}): UserLogin {
  const { directory, passwords, failures, systemKeys } = options;
  let nobodys: VerifiedCredential | undefined;

  /** A password that nobody has: with it a name that is not there takes as long as one that is. */
  async function nobodysPassword(): Promise<VerifiedCredential> {
    if (nobodys !== undefined) return nobodys;
    const secret = await systemKeys.currentSecret('verifier');
    const credential = { id: 'nobody', verifierKind: 'scrypt', verifierVersion: secret.version } as const;
    const unknown = createHash('sha256').update(secret.key).digest('hex');
    nobodys = { ...credential, verifier: await makeVerifier(credential, unknown, secret) };
    return nobodys;
  }

  return async ({ name, password }, { tenant, clientAddress }) => {
    const attempt = { registry: tenant.id, user: name, address: clientAddress };
    failures.check(attempt);
    const found = await directory.principalByName(tenant.id, name);
    const user = found?.kind === 'user' ? found : undefined;
    const row = user === undefined ? undefined : await directory.userPassword(user.id);
    const verified = await passwords.verify([row ?? (await nobodysPassword())], password);
    if (user === undefined || row === undefined || verified === undefined) {
      failures.record(attempt);
      const message = 'Error validating credentials due to invalid username or password.';
      throw new DirectoryError('invalid_grant', 50126, message);
    }
    failures.succeeded(attempt);
    // Told only to whoever knows the password.
    if (!user.enabled) throw new DirectoryError('invalid_grant', 50057, 'The user account is disabled.');
    return { user, passwordId: row.id };
  };
}
