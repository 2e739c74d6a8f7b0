/** How users sign in and stay signed in: passwords, and families of refresh tokens. */
import { RegistryError } from '../../../errors.ts';
import { limits } from '../../../limits.ts';
import type { CommandBody } from './command.ts';
import { lockedPrincipal } from './directory.ts';
import * as sql from './sign-in-statements.ts';

/** @throws resource_unknown, resource_invalid for whoever is no user */
export const setUserPassword: CommandBody<'setUserPassword'> = async (tx, input, { now }) => {
  const { principal, password, stream } = input;
  const { kind, name } = await lockedPrincipal(tx, principal);
  if (kind !== 'user') {
    const message = `${name} is a ${kind}: only a user has a password. Make one with: principal create NAME --type user`;
    throw new RegistryError('resource_invalid', message);
  }
  const { id, verifierKind, verifierVersion: version, verifier } = password;
  await tx.run(sql.putPassword, { principal, id, kind: verifierKind, version, verifier, now });
  await tx.run(sql.removeFamiliesOf, { principal });
  const payload = { principal, name };
  return { value: {}, rights: true, event: { registry: stream, kind: 'password.set', payload } };
};

/** @throws resource_unknown */
export const deleteUserPassword: CommandBody<'deleteUserPassword'> = async (tx, { stream, principal }) => {
  const { name } = await lockedPrincipal(tx, principal);
  if ((await tx.run(sql.removePassword, { principal })) === 0)
    throw new RegistryError('resource_unknown', `${name} has no password.`);
  await tx.run(sql.removeFamiliesOf, { principal });
  const payload = { principal, name };
  return { value: {}, rights: true, event: { registry: stream, kind: 'password.delete', payload } };
};

/**
 * Whoever was disabled or got another password since his was checked signs in to nothing. Of too many sign-ins the one
 * that was used longest ago is over. @throws resource_unknown, unauthorized
 */
export const beginRefreshFamily: CommandBody<'beginRefreshFamily'> = async (tx, input, { now }) => {
  const { id, principal, client, password, familyHash, tokenHash, expiresAt } = input.family;
  const { enabled, name } = await lockedPrincipal(tx, principal);
  const known = await tx.one(sql.passwordId, { principal });
  if (enabled !== 1 || known?.id !== password)
    throw new RegistryError('unauthorized', 'The password was changed, or the user disabled.');
  const families = await tx.all(sql.familiesOf, { principal });
  const tooMany = families.slice(0, Math.max(0, families.length + 1 - limits.signInsPerUserMax));
  for (const family of tooMany) await tx.run(sql.removeFamily, { id: family.id });
  await tx.run(sql.insertFamily, { id, familyHash, principal, client, tokenHash, expiresAt, now });
  const payload = { id, principal, name, client };
  return { value: {}, event: { registry: input.stream, kind: 'sign-in.begin', payload } };
};

/**
 * A family's name is known only to whoever holds or held one of its tokens. So a token with the right name that is
 * not the newest was used before (RFC 9700 section 4.14.2): somebody has it who should not, and the family is over.
 */
export const rotateRefreshToken: CommandBody<'rotateRefreshToken'> = async (tx, input, { now }) => {
  const { client, familyHash, tokenHash, nextHash, graceMs, stream } = input;
  const family = await tx.one(sql.lockedFamily, { familyHash });
  if (family === undefined || family.client !== client || family.expires_at <= now)
    return { value: { outcome: 'unknown' } };
  const { id, principal } = family;
  if (family.current_hash === tokenHash) {
    await tx.run(sql.rotateFamily, { id, from: tokenHash, to: nextHash, now });
    return { value: { outcome: 'rotated', principal } };
  }
  const isInGrace = family.previous_hash === tokenHash && now - family.rotated_at <= graceMs;
  if (isInGrace && family.current_hash === nextHash) return { value: { outcome: 'repeated', principal } };
  await tx.run(sql.removeFamily, { id });
  const payload = { id, principal, client, rotations: family.rotations };
  return {
    value: { outcome: 'reused', principal },
    event: { registry: stream, kind: 'sign-in.reuse', payload },
  };
};

export const expireRefreshFamilies: CommandBody<'expireRefreshFamilies'> = async (tx, { limit }, { now }) => {
  const due = await tx.all(sql.expiredFamilies, { now, limit });
  for (const { id } of due) await tx.run(sql.removeFamily, { id });
  return { value: { expired: due.length } };
};
