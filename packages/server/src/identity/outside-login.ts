/**
 * Logins with a token of an outside issuer that the operator trusts: a CI job, a cluster's service account.
 *
 * Invariants. The issuer is looked for among those that are stored before anything is fetched or believed. The audience
 * is the one that the trusted issuer names. What the caller may do comes from stored rows: the token's claims decide
 * only whether a trusted issuer takes it in, and as whom. The caller learns that it was refused, the operator why.
 */
import type { Principal } from '../access/authorise.ts';
import { covers, placeOf } from '../access/role-assignment.ts';
import { roleRights } from '../access/role-rights.ts';
import { RegistryError } from '../errors.ts';
import type { TrustedIssuerRow } from '../registry/access-reader.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import { unmet } from './claim-conditions.ts';
import type { Directory } from './directory.ts';
import type { LoginFailures } from './login-failures.ts';
import { type LoginPlace, refuseUnlessMayLogIn } from './login-place.ts';
import { KeysUnavailable, type OutsideKeys } from './outside-keys.ts';
import { flawInTimes, isSignedBy, type OutsideToken, readOutsideToken } from './outside-token.ts';

/** What is told of a token that was refused: nothing that could be used again. */
export interface RefusedToken {
  readonly registry: string;
  readonly address: string;
  readonly issuer: string;
  readonly subject: string;
  /** The trusted issuers that were asked, each with its reason. */
  readonly reasons: readonly string[];
}

export interface OutsideLogin {
  /** Whether this has the form of an outside issuer's token: its `iss` is a URL. */
  isMeant(token: string): boolean;
  /** Throws `unauthorized`, with one answer for all that may be wrong, `too_many_requests` and `overloaded`. */
  logIn(
    token: string,
    place: LoginPlace,
  ): Promise<{ readonly principal: Principal; readonly validUntilMs: number }>;
}

interface OutsideLoginParts {
  readonly directory: Pick<Directory, 'trustedIssuers' | 'principalById'>;
  readonly keys: OutsideKeys;
  readonly failures: LoginFailures;
  /** The id of the subject's principal; it is made at its first login. */
  readonly admitSubject: (issuer: TrustedIssuerRow, subject: string, place: LoginPlace) => Promise<string>;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly onRefused: (refused: RefusedToken) => void;
}

export function createOutsideLogin(parts: OutsideLoginParts): OutsideLogin {
  const { directory, failures, onRefused, admitSubject } = parts;

  function tell(token: OutsideToken, place: LoginPlace, reasons: readonly string[]): void {
    const about = { registry: place.registry.name, address: place.clientAddress };
    onRefused({ ...about, issuer: token.issuer.slice(0, 512), subject: token.subject, reasons });
  }

  async function chooseIssuer(token: OutsideToken, place: LoginPlace): Promise<TrustedIssuerRow> {
    const trusted = (await directory.trustedIssuers()).filter(({ issuer }) => issuer === token.issuer);
    const about = { place, now: parts.clock() / 1000, signature: signatureCheck(token, parts.keys) };
    const verdicts = await Promise.all(
      trusted.map(async (row) => ({ row, flaw: await flawOf(token, row, about) })),
    );
    const taking = verdicts.flatMap(({ row, flaw }) => (flaw === undefined ? row : []));
    const [chosen] = mostRightsFirst(taking, place.registry);
    if (chosen !== undefined) return chosen;
    const reasons = verdicts.map(({ row, flaw }) => `${row.name}: ${flaw?.why ?? ''}`);
    tell(token, place, reasons.length > 0 ? reasons : ['no trusted issuer has this iss']);
    // The token may be good: that is no failure of whoever brings it.
    if (verdicts.some(({ flaw }) => flaw?.isUnknown === true)) throw keysUnavailable();
    failures.record(attemptOf(token, place));
    throw refused();
  }

  return {
    isMeant: (token) => /^https?:\/\//.test(readOutsideToken(token)?.issuer ?? ''),
    async logIn(text, place) {
      const token = readOutsideToken(text);
      if (token === undefined) throw refused();
      const attempt = attemptOf(token, place);
      failures.check(attempt);
      const issuer = await chooseIssuer(token, place);
      failures.succeeded(attempt);
      const id = await admitSubject(issuer, token.subject, place);
      const principal = await directory.principalById(id, place.registry);
      if (principal === undefined) throw refused();
      refuseUnlessMayLogIn(principal, place);
      return { principal, validUntilMs: Number(token.claims['exp']) * 1000 };
    },
  };
}

type SignatureCheck = (row: TrustedIssuerRow) => Promise<Flaw | undefined>;

interface Flaw {
  readonly why: string;
  /** True when the token could not be judged. */
  readonly isUnknown?: true;
}

/** Why this trusted issuer does not take the token in; undefined when it does. */
async function flawOf(
  token: OutsideToken,
  row: TrustedIssuerRow,
  about: { readonly place: LoginPlace; readonly now: number; readonly signature: SignatureCheck },
): Promise<Flaw | undefined> {
  const why = flawBeforeKeys(token, row, about);
  if (why !== undefined) return { why };
  // The conditions come last: nobody but the issuer finds out, not even by the time it takes, which of them hold.
  const signature = await about.signature(row);
  if (signature !== undefined) return signature;
  const conditions = [{ name: 'sub', pattern: row.subject }, ...row.claims];
  const [broken] = conditions.flatMap((condition) => unmet(condition, token.claims) ?? []);
  return broken === undefined ? undefined : { why: broken };
}

/** What is wrong already before the issuer's keys are asked for. */
function flawBeforeKeys(
  token: OutsideToken,
  row: TrustedIssuerRow,
  { place, now }: { readonly place: LoginPlace; readonly now: number },
): string | undefined {
  if (!row.enabled) return 'it is disabled; see: trusted-issuer enable';
  if (!covers(row.scope, placeOf(place.registry))) return 'it is for another registry';
  if (!token.audiences.includes(row.audience))
    return `its audience is «${token.audiences.join(', ').slice(0, 256)}» and not «${row.audience}»`;
  return flawInTimes(token.claims, now);
}

/** Many trusted issuers may have the keys of one: a token is checked once under each set, not once for each. */
function signatureCheck(token: OutsideToken, keys: OutsideKeys): SignatureCheck {
  const checks = new Map<string, Promise<Flaw | undefined>>();
  return (row) => {
    const source = JSON.stringify([row.keys, row.jwksUri, row.ca]);
    const check = checks.get(source) ?? flawInSignature(token, row, keys);
    checks.set(source, check);
    return check;
  };
}

async function flawInSignature(
  token: OutsideToken,
  row: TrustedIssuerRow,
  keys: OutsideKeys,
): Promise<Flaw | undefined> {
  try {
    const key = await keys.find(row, token);
    if (key === undefined)
      return {
        why: `its issuer has no key ${token.kid?.slice(0, 256) ?? '(it names none)'} for ${token.alg.slice(0, 16)}`,
      };
    return (await isSignedBy(token, key)) ? undefined : { why: 'its signature is wrong' };
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    return { why: error.message, isUnknown: true };
  }
}

/** A token that several take in gets the one that allows the most here; among equals the oldest. */
function mostRightsFirst(rows: readonly TrustedIssuerRow[], registry: RegistryRow): TrustedIssuerRow[] {
  const rights = (row: TrustedIssuerRow) =>
    roleRights([row], placeOf(registry), registry.settings.roleAssignmentMode).everywhere.size;
  return rows.toSorted((a, b) => rights(b) - rights(a));
}

/** Failures are counted for each subject: one job that fails keeps no other out. */
const attemptOf = ({ issuer, subject }: OutsideToken, place: LoginPlace) => ({
  registry: place.registry.id,
  user: `${subject} ${issuer}`,
  address: place.clientAddress,
});

const refused = () =>
  new RegistryError('unauthorized', "This token is not accepted here; the registry's log says why.");
const keysUnavailable = () =>
  new RegistryError('overloaded', "The keys of the token's issuer can't be had just now; try again.");
