import type { DirectoryPrincipalRow, TenantRow } from '../registry/access-reader.ts';
import type { AssertionPlace, CheckAssertion } from './client-assertion.ts';
import type { Directory } from './directory.ts';
import { DirectoryError } from './directory-error.ts';
import type { LoginFailures } from './login-failures.ts';
import type { PasswordVerifier } from './password-verifier.ts';

/** How a client proves itself. */
export type ClientProof =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'assertion'; readonly assertion: string };

export interface ClientLoginPlace extends AssertionPlace {
  readonly tenant: TenantRow;
  readonly clientAddress: string;
}

/** The application that a client id and its proof belong to. Throws DirectoryError, and `too_many_requests`. */
export type ClientLogin = (
  client: { readonly clientId: string; readonly proof: ClientProof },
  place: ClientLoginPlace,
) => Promise<DirectoryPrincipalRow>;

/** Makes the login of applications: OAuth's client credentials. */
export function createClientLogin(options: {
  readonly directory: Directory;
  readonly passwords: PasswordVerifier;
  readonly failures: LoginFailures;
  readonly checkAssertion: CheckAssertion;
  readonly clock: () => number;
}): ClientLogin {
  const { directory, passwords, failures, checkAssertion, clock } = options;

  async function checkSecret(application: DirectoryPrincipalRow, secret: string): Promise<void> {
    const secrets = await directory.secretsOf(application.id);
    const verified = await passwords.verify(secrets, secret);
    const row = secrets.find(({ id }) => id === verified?.credential.id);
    if (row === undefined) {
      const message =
        'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.';
      throw new DirectoryError('invalid_client', 7000215, message);
    }
    if (row.expiresAt !== undefined && row.expiresAt <= clock()) {
      const message = `The provided client secret keys are expired. Make a new one: secret create ${application.name}`;
      throw new DirectoryError('invalid_client', 7000222, message);
    }
  }

  return async ({ clientId, proof }, { tenant, clientAddress, audiences }) => {
    const attempt = { registry: tenant.id, user: clientId, address: clientAddress };
    failures.check(attempt);
    try {
      const application = await directory.applicationById(clientId);
      if (application?.tenant !== tenant.id) throw unknownApplication(clientId, tenant);
      if (proof.kind === 'secret') await checkSecret(application, proof.secret);
      else await checkAssertion(application, proof.assertion, { audiences });
      // Told only to whoever has proved to be it.
      if (!application.enabled)
        throw new DirectoryError('unauthorized_client', 7000112, 'Application is disabled.');
      failures.succeeded(attempt);
      return application;
    } catch (error) {
      const isFailure = error instanceof DirectoryError && error.error !== 'temporarily_unavailable';
      if (isFailure) failures.record(attempt);
      throw error;
    }
  };
}

function unknownApplication(clientId: string, tenant: TenantRow): DirectoryError {
  const shown = clientId.slice(0, 64);
  const message = `Application with identifier '${shown}' was not found in the directory '${tenant.name}'.`;
  return new DirectoryError('unauthorized_client', 700016, message);
}
