import type { NewIdentityBinding } from '../registry/access-commands.ts';
import { makeSecret } from './make-secret.ts';
import type { SystemSecret } from './system-keys.ts';

const idChars = 32;

/**
 * Makes the secret of a binding: the value of `IDENTITY_HEADER`, which is the binding's id with 238 random bits behind
 * it. It is shown once and kept nowhere.
 */
export async function makeBindingHeader(
  id: string,
  verifierSecret: SystemSecret,
): Promise<{
  readonly caller: Extract<NewIdentityBinding['caller'], { kind: 'header' }>;
  readonly value: string;
}> {
  const about = { id, owner: id, name: 'header', expiresAt: null, verifierSecret };
  const { secret, value } = await makeSecret(about);
  const { verifierVersion, verifier } = secret;
  return { caller: { kind: 'header', verifierVersion, verifier }, value: id + value };
}

/** The two parts of a header's value; undefined for what can't be one. */
export function readBindingHeader(
  value: string,
): { readonly id: string; readonly secret: string } | undefined {
  if (!/^[0-9a-f]{32}[A-Za-z0-9]{40}$/.test(value)) return undefined;
  return { id: value.slice(0, idChars), secret: value.slice(idChars) };
}
