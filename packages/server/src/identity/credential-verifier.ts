/**
 * What the database keeps to check a password by. Both kinds end in an HMAC under a random key that is sealed by the
 * root key, so that a stolen database alone lets nobody try passwords out, not even weak ones.
 *
 *     hmac     HMAC-SHA256(key, label | credential id | password)                               32 bytes
 *     scrypt   1 | log2 N | r | p | salt 16 | HMAC-SHA256(key, label | credential id | scrypt)  52 bytes
 *
 * `hmac` is for generated passwords, which nobody can guess; `scrypt` is for those that people choose.
 */
import { createHmac, randomBytes, scrypt } from 'node:crypto';
import type { CredentialRow } from '../registry/metadata-reader.ts';
import type { SystemSecret } from './system-keys.ts';

type VerifierKind = CredentialRow['verifierKind'];

/** What a password is compared with: an admin user's password, or a secret that was shown once. */
export type VerifiedCredential = Pick<CredentialRow, 'id' | 'verifierKind' | 'verifierVersion' | 'verifier'>;

const form = 1;
const saltBytes = 16;
const saltAt = 4;
const macAt = saltAt + saltBytes;
const hashBytes = 32;
/** 32 MiB and about 40 ms of a core. */
const costs = { log2N: 15, r: 8, p: 1 };
/** What a row may ask for at most: a row that somebody else wrote must not take all memory. */
const costsMax = { log2N: 18, r: 8, p: 4 };

/** A fresh verifier for a password. `random` gives the salt; tests alone pass another. */
export function makeVerifier(
  credential: { readonly id: string; readonly verifierKind: VerifierKind },
  password: string,
  secret: SystemSecret,
): Promise<Buffer> {
  if (credential.verifierKind === 'hmac') return Promise.resolve(mac(secret.key, credential.id, password));
  return scryptVerifier({
    id: credential.id,
    password,
    key: secret.key,
    costs,
    salt: randomBytes(saltBytes),
  });
}

/**
 * The verifier that `password` would have with the salt and the costs of an existing one: right when it is equal to
 * it. Undefined for a verifier that is not of a known form.
 */
export function repeatVerifier(
  credential: Pick<CredentialRow, 'id' | 'verifierKind' | 'verifier'>,
  password: string,
  key: Uint8Array,
): Promise<Buffer> | undefined {
  const { id, verifierKind, verifier } = credential;
  if (verifierKind === 'hmac') return Promise.resolve(mac(key, id, password));
  const [version, log2N = 0, r = 0, p = 0] = verifier;
  if (version !== form || verifier.length !== macAt + hashBytes) return undefined;
  const fits =
    log2N >= 1 && log2N <= costsMax.log2N && r >= 1 && r <= costsMax.r && p >= 1 && p <= costsMax.p;
  if (!fits) return undefined;
  return scryptVerifier({
    id,
    password,
    key,
    costs: { log2N, r, p },
    salt: verifier.subarray(saltAt, macAt),
  });
}

async function scryptVerifier(options: {
  readonly id: string;
  readonly password: string;
  readonly key: Uint8Array;
  readonly costs: typeof costs;
  readonly salt: Uint8Array;
}): Promise<Buffer> {
  const { log2N, r, p } = options.costs;
  const N = 2 ** log2N;
  const stretched = await new Promise<Buffer>((resolve, reject) => {
    const maxmem = 128 * r * (N + p) + 1024 * 1024;
    scrypt(options.password, options.salt, hashBytes, { N, r, p, maxmem }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
  return Buffer.concat([Buffer.of(form, log2N, r, p), options.salt, mac(options.key, options.id, stretched)]);
}

/** Bound to the credential's id, so that a verifier that was copied to another row fits nothing. */
function mac(key: Uint8Array, credentialId: string, secret: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(`cerulean verifier\0${credentialId}\0`).update(secret).digest();
}
