import type { NewSecret } from '../registry/access-commands.ts';
import { makeVerifier } from './credential-verifier.ts';
import { generatePassword } from './generate-password.ts';
import type { SystemSecret } from './system-keys.ts';

const hintChars = 3;

/**
 * Makes a secret of 238 bits and the row that it is checked by. The secret itself is shown once and kept nowhere.
 * `expiresAt` is in milliseconds; null for never.
 */
export async function makeSecret(options: {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly expiresAt: number | null;
  readonly verifierSecret: SystemSecret;
}): Promise<{ readonly secret: NewSecret; readonly value: string }> {
  const { id, owner, name, expiresAt, verifierSecret } = options;
  const value = generatePassword();
  const verifier = await makeVerifier({ id, verifierKind: 'hmac' }, value, verifierSecret);
  const hint = value.slice(0, hintChars);
  const secret = { id, owner, name, hint, verifierVersion: verifierSecret.version, verifier, expiresAt };
  return { secret, value };
}
