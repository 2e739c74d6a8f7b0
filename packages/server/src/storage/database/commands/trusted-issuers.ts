/** Outside issuers that are trusted, and the principals that their subjects are. */
import { RegistryError } from '../../../errors.ts';
import { limits } from '../../../limits.ts';
import type { Transaction } from '../queries.ts';
import type { CommandBody } from './command.ts';
import { scopeText } from './directory.ts';
import { lockRegistry } from './locks.ts';
import { refuseUnknownRole } from './roles.ts';
import * as sql from './trusted-issuer-statements.ts';

/** @throws resource_exists, resource_invalid for too many, registry_unknown, resource_unknown for its role */
export const addTrustedIssuer: CommandBody<'addTrustedIssuer'> = async (tx, { stream, issuer }, { now }) => {
  const { scope, claims, keys, ca, ...row } = issuer;
  if (scope.kind === 'registry') await lockRegistry(tx, scope.registry);
  await refuseUnknownRole(tx, row.role);
  const { count } = (await tx.one(sql.countTrustedIssuers, { tenant: row.tenant })) ?? { count: 0 };
  if (count >= limits.trustedIssuersMax) {
    const message = `A tenant has at most ${limits.trustedIssuersMax} trusted issuers: delete one first.`;
    throw new RegistryError('resource_invalid', message);
  }
  const stored = { ...row, keys, ca, claims: JSON.stringify(claims), scopeKind: scope.kind, now };
  if ((await tx.run(sql.insertTrustedIssuer, { ...stored, scope: scopeText(scope) })) === 0)
    throw new RegistryError('resource_exists', `There is a trusted issuer ${row.name} already.`);
  const payload = { ...row, claims, scope, keys: keys === null ? 'fetched' : 'given' };
  return { value: {}, rights: true, event: { registry: stream, kind: 'trusted-issuer.create', payload } };
};

/** From now on whoever it let in may nothing while it is disabled. @throws resource_unknown */
export const enableTrustedIssuer: CommandBody<'enableTrustedIssuer'> = async (tx, input) => {
  const { id, enabled, stream } = input;
  const { name } = await knownTrustedIssuer(tx, id);
  await tx.run(sql.setTrustedIssuerEnabled, { id, enabled: Number(enabled) });
  const payload = { id, name, enabled };
  return { value: {}, rights: true, event: { registry: stream, kind: 'trusted-issuer.enable', payload } };
};

/** Whoever it let in is nobody from now on, and is somebody else if it is made again. @throws resource_unknown */
export const deleteTrustedIssuer: CommandBody<'deleteTrustedIssuer'> = async (tx, { id, stream }) => {
  const { name } = await knownTrustedIssuer(tx, id);
  await tx.run(sql.removeSubjects, { trustedIssuer: id });
  await tx.run(sql.removeTrustedIssuer, { id });
  const payload = { id, name };
  return { value: {}, rights: true, event: { registry: stream, kind: 'trusted-issuer.delete', payload } };
};

/**
 * The principal that this subject is, made when there is none. It changes nobody's rights: nothing can have been
 * remembered of an id that was not there, so the epoch stands. @throws unauthorized
 */
export const admitSubject: CommandBody<'admitSubject'> = async (tx, input, { now }) => {
  const { id, trustedIssuer, subject, stream } = input;
  const issuer = await tx.one(sql.lockedTrustedIssuer, { id: trustedIssuer });
  if (issuer?.enabled !== 1) throw new RegistryError('unauthorized', 'This token is not accepted any more.');
  const found = await tx.one(sql.subjectOf, { trustedIssuer, subject });
  if (found !== undefined) return { value: { id: found.id } };
  const { count } = (await tx.one(sql.countSubjects, { trustedIssuer })) ?? { count: 0 };
  if (count >= limits.subjectsPerIssuerMax) {
    const message = `The trusted issuer ${issuer.name} has let in ${count} subjects, which is the most: narrow its subject and make it again.`;
    throw new RegistryError('unauthorized', message);
  }
  await tx.run(sql.insertSubject, { id, trustedIssuer, subject, now });
  const payload = { id, trustedIssuer, name: issuer.name, subject };
  return { value: { id }, event: { registry: stream, kind: 'outside-principal.create', payload } };
};

/** @throws resource_unknown */
async function knownTrustedIssuer(tx: Transaction, id: string) {
  const found = await tx.one(sql.lockedTrustedIssuer, { id });
  if (found !== undefined) return found;
  throw new RegistryError('resource_unknown', 'There is no such trusted issuer any more.');
}
