import type { Limit } from '../limits.ts';

/** Limits of logins and tokens that only this folder knows; the form is that of `limits.ts`. */
export const identityLimitTable = {
  verifiedPasswordSeconds: {
    value: 60,
    unit: 'seconds',
    reason:
      'A password that a person chose costs 40 ms to check; who logs in for each image pays it once a minute.',
  },
  verifiedPasswordsMax: {
    value: 1024,
    unit: 'count',
    reason: 'Verified passwords remembered in a serving thread.',
  },
  loginFailuresRememberedMax: {
    value: 10_000,
    unit: 'count',
    reason: 'Pairs of user and address whose failures a serving thread counts; the oldest are forgotten.',
  },
  accessTokenReuseSeconds: {
    value: 60,
    unit: 'seconds',
    reason: 'The same login asking for the same gets the same token: signing costs a millisecond of a core.',
  },
  accessTokensReusedMax: { value: 1024, unit: 'count', reason: 'Issued tokens kept for handing out again.' },
  systemKeyRefreshMs: {
    value: 1000,
    unit: 'ms',
    reason: 'Tokens with unknown keys, made up by the thousand, lead to one read a second at most.',
  },
  signingKeyAdoptSeconds: {
    value: 60,
    unit: 'seconds',
    reason: 'A new signing key is known everywhere before anything is signed with it.',
  },
  directoryEntriesMax: {
    value: 4096,
    unit: 'count',
    reason: 'Rows of each kind (registries, principals, credentials) that a serving thread remembers.',
  },
  adoptionsRememberedMax: {
    value: 1024,
    unit: 'count',
    reason:
      'Verifiers that were handed over for renewal; one that is forgotten is handed over again without effect.',
  },
} as const satisfies Record<string, Limit>;

/** The values alone, by name. */
export const identityLimits = Object.fromEntries(
  Object.entries(identityLimitTable).map(([name, limit]) => [name, limit.value]),
) as { readonly [Name in keyof typeof identityLimitTable]: number };
