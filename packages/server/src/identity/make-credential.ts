import type { NewCredential } from '../registry/commands.ts';
import type { CredentialRow } from '../registry/metadata-reader.ts';
import { clearBox, openBox, sealBox } from '../sealing/box.ts';
import { secretContext } from '../sealing/box-context.ts';
import { makeVerifier } from './credential-verifier.ts';
import type { SystemSecret } from './system-keys.ts';

/** Column number of a credential's sealed password in the box's context (docs/format.md, kind 5). */
const passwordColumn = 1;

/** A registry's key as `RegistryKeys` gives it. Number 0 is `--encryption none`: the box stays clear. */
export interface SecretSealingKey {
  readonly number: number;
  readonly key: Uint8Array;
}

/**
 * Makes the row of a password: sealed, so that it can be shown again, and a verifier to check it by.
 * `id` and `principal` are 32 hex digits. A password that a person chose gets a verifier that is costly to try out.
 */
export async function makeCredential(options: {
  readonly id: string;
  readonly principal: string;
  readonly name: NewCredential['name'];
  readonly password: string;
  readonly chosenBy: 'person' | 'generator';
  readonly verifierSecret: SystemSecret;
  readonly sealingKey: SecretSealingKey;
}): Promise<NewCredential> {
  const { id, name, password, verifierSecret, sealingKey } = options;
  const verifierKind = options.chosenBy === 'generator' ? 'hmac' : 'scrypt';
  const plaintext = Buffer.from(password, 'utf8');
  const context = secretContext({ owner: options.principal, row: id, column: passwordColumn });
  const sealedBox =
    sealingKey.number === 0
      ? clearBox(plaintext)
      : sealBox({ kind: 'secret', keyNumber: sealingKey.number, key: sealingKey.key, context, plaintext });
  const verifier = await makeVerifier({ id, verifierKind }, password, verifierSecret);
  return { id, name, sealedBox, verifierKind, verifierVersion: verifierSecret.version, verifier };
}

/**
 * The password of a credential, for whoever may list credentials. Throws SealingError as `openBox` does.
 * `acceptClear` comes from the server's configuration.
 */
export function revealPassword(options: {
  readonly principal: string;
  readonly credential: Pick<CredentialRow, 'id' | 'sealedBox'>;
  readonly keyOf: (keyNumber: number) => Uint8Array | undefined;
  readonly acceptClear: boolean;
}): string {
  const { principal, credential, keyOf, acceptClear } = options;
  const context = secretContext({ owner: principal, row: credential.id, column: passwordColumn });
  return openBox({ kind: 'secret', box: credential.sealedBox, context, keyOf, acceptClear }).toString('utf8');
}
