/** What the operator's command does with the passwords of users. */
import { RegistryError } from '../errors.ts';
import { makeVerifier } from '../identity/credential-verifier.ts';
import { generatePassword } from '../identity/generate-password.ts';
import { knownPrincipal } from './known-principal.ts';
import type { OperationsParts } from './operations-parts.ts';
import { operatorContext } from './operator-context.ts';
import type { OperatorHandlers } from './operator-handlers.ts';

/** A password that a person chose: short ones are guessed, long ones cost as much as they have bytes to check. */
const passwordChars = { min: 12, max: 256 };

export function passwordOperations(
  parts: OperationsParts,
): Pick<OperatorHandlers, 'password.set' | 'password.delete'> {
  const { reader, bus, sources } = parts;
  const options = (tenant: string) => ({ lane: tenant, context: operatorContext(sources) });
  return {
    'password.set': async ({ user, password: given }) => {
      if (given !== undefined) refuseBadPassword(given);
      const { id: principal, tenant, name } = await knownPrincipal(reader, user);
      const value = given ?? generatePassword();
      const secret = await parts.systemKeys.currentSecret('verifier');
      // What was drawn can't be guessed, so checking it may be cheap.
      const verifierKind = given === undefined ? ('hmac' as const) : ('scrypt' as const);
      const credential = { id: sources.newId(), verifierKind };
      const verifier = await makeVerifier(credential, value, secret);
      const password = { ...credential, verifierVersion: secret.version, verifier };
      await bus.execute('setUserPassword', { stream: tenant, principal, password }, options(tenant));
      return given === undefined ? { user: name, value } : { user: name };
    },
    'password.delete': async ({ user }) => {
      const { id: principal, tenant } = await knownPrincipal(reader, user);
      await bus.execute('deleteUserPassword', { stream: tenant, principal }, options(tenant));
      return { deleted: true };
    },
  };
}

function refuseBadPassword(password: string): void {
  const { min, max } = passwordChars;
  if (password.length >= min && password.length <= max && !/\p{Cc}/u.test(password)) return;
  throw new RegistryError(
    'resource_invalid',
    `A password has ${min} to ${max} characters, none of them a control character such as a line's end.`,
  );
}
