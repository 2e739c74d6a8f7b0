/** What principals prove themselves by: secrets, certificates, and tokens of issuers that they trust. */
import { sql } from 'kysely';
import { RegistryError } from '../../../errors.ts';
import { limits } from '../../../limits.ts';
import type { NewSecret } from '../../../registry/access-commands.ts';
import type { Transaction } from '../queries.ts';
import { statement } from '../statement.ts';
import type { CommandBody } from './command.ts';

/** @throws resource_invalid when the owner has too many */
export const addSecret: CommandBody<'addSecret'> = async (tx, { secret, stream, replaces }, { now }) => {
  if (replaces) await tx.run(removeByName, { owner: secret.owner, name: secret.name });
  const { count } = (await tx.one(countSecrets, { owner: secret.owner })) ?? { count: 0 };
  if (count >= limits.secretsPerPrincipalMax) {
    const message = `A principal has at most ${limits.secretsPerPrincipalMax} secrets: delete one first.`;
    throw new RegistryError('resource_invalid', message);
  }
  await insertSecret(tx, secret, now);
  const { id, owner, name, expiresAt } = secret;
  const payload = { id, owner, name, expiresAt };
  return { value: {}, rights: true, event: { registry: stream, kind: 'secret.create', payload } };
};

/** @throws resource_unknown */
export const deleteSecret: CommandBody<'deleteSecret'> = async (tx, { stream, owner, id }) => {
  if ((await tx.run(removeSecret, { owner, id })) === 0) throw unknown('secret');
  return {
    value: {},
    rights: true,
    event: { registry: stream, kind: 'secret.delete', payload: { owner, id } },
  };
};

/** @throws resource_exists */
export const addCertificate: CommandBody<'addCertificate'> = async (tx, input, { now }) => {
  const { publicKey, ...shown } = input.certificate;
  if ((await tx.run(insertCertificate, { ...shown, publicKey, now })) === 0)
    throw new RegistryError('resource_exists', 'The principal has this certificate already.');
  return {
    value: {},
    rights: true,
    event: { registry: input.stream, kind: 'certificate.create', payload: shown },
  };
};

/** @throws resource_unknown */
export const deleteCertificate: CommandBody<'deleteCertificate'> = async (tx, { stream, owner, id }) => {
  if ((await tx.run(removeCertificate, { owner, id })) === 0) throw unknown('certificate');
  const payload = { owner, id };
  return { value: {}, rights: true, event: { registry: stream, kind: 'certificate.delete', payload } };
};

/** @throws resource_exists */
export const addFederatedCredential: CommandBody<'addFederatedCredential'> = async (tx, input, { now }) => {
  const { keys, ca, ...shown } = input.credential;
  if ((await tx.run(insertFederated, { ...shown, keys, ca, now })) === 0) {
    throw new RegistryError(
      'resource_exists',
      `The principal has a federated credential ${shown.name} already.`,
    );
  }
  const kind = 'federated-credential.create';
  return { value: {}, rights: true, event: { registry: input.stream, kind, payload: shown } };
};

/** @throws resource_unknown */
export const deleteFederatedCredential: CommandBody<'deleteFederatedCredential'> = async (tx, input) => {
  const { stream, owner, id } = input;
  if ((await tx.run(removeFederated, { owner, id })) === 0) throw unknown('federated credential');
  const kind = 'federated-credential.delete';
  return { value: {}, rights: true, event: { registry: stream, kind, payload: { owner, id } } };
};

export async function insertSecret(tx: Transaction, secret: NewSecret, now: number): Promise<void> {
  await tx.run(addSecretRow, {
    id: secret.id,
    owner: secret.owner,
    name: secret.name,
    hint: secret.hint,
    version: secret.verifierVersion,
    verifier: secret.verifier,
    expiresAt: secret.expiresAt,
    now,
  });
}

const unknown = (what: string): RegistryError =>
  new RegistryError('resource_unknown', `The principal has no ${what} with this id.`);

type SecretInsert = {
  id: string;
  owner: string;
  name: string;
  hint: string;
  version: number;
  verifier: Uint8Array;
  expiresAt: number | null;
  now: number;
};

const addSecretRow = statement<SecretInsert>()((q, p) =>
  q.insertInto('secret').values({
    id: p.id,
    owner: p.owner,
    name: p.name,
    hint: p.hint,
    verifier_version: p.version,
    verifier: p.verifier,
    created_at: p.now,
    expires_at: p.expiresAt,
  }),
);

const countSecrets = statement<{ owner: string }>()((q, p) =>
  q.selectFrom('secret').select(sql<number>`count(*)`.as('count')).where('owner', '=', p.owner),
);

const removeByName = statement<{ owner: string; name: string }>()((q, p) =>
  q.deleteFrom('secret').where('owner', '=', p.owner).where('name', '=', p.name),
);

const removeSecret = statement<{ owner: string; id: string }>()((q, p) =>
  q.deleteFrom('secret').where('owner', '=', p.owner).where('id', '=', p.id),
);

export const removeSecretsOf = statement<{ owner: string }>()((q, p) =>
  q.deleteFrom('secret').where('owner', '=', p.owner),
);

type CertificateInsert = {
  id: string;
  owner: string;
  name: string;
  sha1: string;
  sha256: string;
  publicKey: Uint8Array;
  expiresAt: number;
  now: number;
};

const insertCertificate = statement<CertificateInsert>()((q, p) =>
  q
    .insertInto('app_certificate')
    .values({
      id: p.id,
      owner: p.owner,
      name: p.name,
      sha1: p.sha1,
      sha256: p.sha256,
      public_key: p.publicKey,
      created_at: p.now,
      expires_at: p.expiresAt,
    })
    .onConflict((conflict) => conflict.columns(['owner', 'sha256']).doNothing()),
);

const removeCertificate = statement<{ owner: string; id: string }>()((q, p) =>
  q.deleteFrom('app_certificate').where('owner', '=', p.owner).where('id', '=', p.id),
);

type FederatedInsert = {
  id: string;
  owner: string;
  name: string;
  issuer: string;
  subject: string;
  audience: string;
  keys: string;
  jwksUri: string | null;
  ca: string | null;
  now: number;
};

const insertFederated = statement<FederatedInsert>()((q, p) =>
  q
    .insertInto('federated_credential')
    .values({
      id: p.id,
      owner: p.owner,
      name: p.name,
      issuer: p.issuer,
      subject: p.subject,
      audience: p.audience,
      keys: p.keys,
      jwks_uri: p.jwksUri,
      ca: p.ca,
      created_at: p.now,
    })
    .onConflict((conflict) => conflict.columns(['owner', 'name']).doNothing()),
);

const removeFederated = statement<{ owner: string; id: string }>()((q, p) =>
  q.deleteFrom('federated_credential').where('owner', '=', p.owner).where('id', '=', p.id),
);
