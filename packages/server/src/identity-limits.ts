import type { Limit } from './limit.ts';

const KiB = 1024;

/** The limits of logins, tokens, the directory and rights: part of the table in `limits.ts`. */
export const identityLimits = {
  tokenBytesMax: { value: 8 * KiB, unit: 'bytes', reason: 'A longer token is refused before it is parsed.' },
  scopesMax: { value: 100, unit: 'count', reason: 'Scopes in one token request.' },
  accessTokenSeconds: { value: 4500, unit: 'seconds', reason: "ACR's 75 minutes." },
  refreshTokenSeconds: { value: 3 * 3600, unit: 'seconds', reason: "ACR's 3 hours." },
  directoryTokenSeconds: { value: 3600, unit: 'seconds', reason: "An hour, as Entra ID's shortest." },
  assertionSeconds: {
    value: 24 * 3600,
    unit: 'seconds',
    reason: 'A client assertion that is good for longer is a secret that was written down.',
  },
  clockSkewSeconds: {
    value: 60,
    unit: 'seconds',
    reason: 'Two machines of one deployment may disagree by this much.',
  },
  issuerKeysFreshSeconds: {
    value: 600,
    unit: 'seconds',
    reason: "An outside issuer's keys are used this long without a look at whether they are still its keys.",
  },
  issuerKeysStaleSeconds: {
    value: 24 * 3600,
    unit: 'seconds',
    reason: 'While an issuer does not answer its last keys are believed this long; then its tokens get 503.',
  },
  issuerDiscoverySeconds: {
    value: 3600,
    unit: 'seconds',
    reason: 'Where an issuer has its keys changes rarely; a failed fetch of the keys asks again at once.',
  },
  issuerFetchIntervalMs: {
    value: 10_000,
    unit: 'ms',
    reason:
      'Tokens with made-up keys, by the thousand, lead to one fetch in this time from a serving thread.',
  },
  issuerFetchTimeoutMs: {
    value: 5000,
    unit: 'ms',
    reason: 'A login waits for two documents at the most; clients give up after half a minute.',
  },
  issuerDocumentBytesMax: {
    value: 256 * KiB,
    unit: 'bytes',
    reason: "An issuer's discovery document or key set; the largest known has 40 KiB.",
  },
  issuerKeysMax: { value: 100, unit: 'count', reason: "Keys of one issuer; more of its set aren't read." },
  issuerKeySetsMax: {
    value: 1024,
    unit: 'count',
    reason: 'Key sets that a serving thread remembers: as many as there may be trusted issuers.',
  },
  unknownKeysRememberedMax: {
    value: 256,
    unit: 'count',
    reason: 'Names of keys that an issuer was asked for and has not, for each key set.',
  },
  unknownKeySeconds: {
    value: 300,
    unit: 'seconds',
    reason: 'A key that an issuer has not is not asked for again this long; it is found with the next fetch.',
  },
  trustedIssuersMax: {
    value: 1000,
    unit: 'count',
    reason: 'Of one tenant; they are read whole when rights have changed.',
  },
  subjectsPerIssuerMax: {
    value: 100_000,
    unit: 'count',
    reason: 'Subjects that one trusted issuer lets in, a row each: branches and jobs come and go.',
  },
  signingKeySeconds: {
    value: 30 * 24 * 3600,
    unit: 'seconds',
    reason: 'Age at which the signing key is replaced; old ones verify until their tokens are over.',
  },
  loginsAtOnceMax: {
    value: 2,
    unit: 'count',
    reason: 'Costly logins (scrypt, signing) at once in a serving thread: a flood leaves pulls their share.',
  },
  loginsWaitingMax: {
    value: 64,
    unit: 'count',
    reason: 'Logins that wait for their turn in a serving thread; more get 429.',
  },
  loginFailuresMax: {
    value: 20,
    unit: 'count',
    reason: 'Wrong passwords for one user from one address; then 429 until there is time for another.',
  },
  loginFailureMs: {
    value: 10_000,
    unit: 'ms',
    reason:
      'So often one more of them is let in: a guess costs ten seconds, and a mistake no more than that.',
  },
  loginFailuresOfManyMax: {
    value: 200,
    unit: 'count',
    reason: 'Wrong passwords from one address for all users, and for one user from all addresses.',
  },
  loginFailureOfManyMs: {
    value: 1000,
    unit: 'ms',
    reason: 'So often one more of them is let in; whoever logged in rightly of late need not wait for it.',
  },
  knownLoginSeconds: {
    value: 24 * 3600,
    unit: 'seconds',
    reason:
      'A user who logged in rightly is known at that address so long: guesses of others do not lock him out.',
  },
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
  loginFailureBuckets: {
    value: 32_768,
    unit: 'count',
    reason:
      'Users, addresses and pairs of both whose failures are counted, in 8 bytes each; beyond that they share.',
  },
  knownLoginBuckets: {
    value: 32_768,
    unit: 'count',
    reason: 'Pairs of user and address that are known, in 8 bytes each; beyond that some are forgotten.',
  },
  callBuckets: {
    value: 65_536,
    unit: 'count',
    reason:
      'Identities, in each category that they use, whose calls are counted, in 8 bytes each; beyond that they share.',
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
  oauthBodyBytesMax: {
    value: 64 * KiB,
    unit: 'bytes',
    reason: 'A form of /oauth2/token holds two tokens at most.',
  },
  secretsPerPrincipalMax: {
    value: 20,
    unit: 'count',
    reason: 'A login compares with each; two are enough to change one without an outage.',
  },
  identityBindingsMax: {
    value: 1000,
    unit: 'count',
    reason: 'A request for a token of a managed identity is compared with the network of each.',
  },
  signInSeconds: {
    value: 90 * 24 * 3600,
    unit: 'seconds',
    reason: "How long a user's refresh tokens go on from the password: Entra ID's 90 days.",
  },
  refreshGraceSeconds: {
    value: 30,
    unit: 'seconds',
    reason:
      'A refresh token whose answer was lost, or that two programs show at once, gets the same answer again.',
  },
  signInsPerUserMax: {
    value: 50,
    unit: 'count',
    reason: 'Sign-ins of one user at a time; with one more, that which was used longest ago is over.',
  },
  groupDepthMax: {
    value: 8,
    unit: 'levels',
    reason: 'Groups in groups: what a member inherits from further up is not looked for.',
  },
  conditionCharsMax: {
    value: 8 * KiB,
    unit: 'count',
    reason: 'Characters of the condition of a role assignment: what Azure allows.',
  },
  conditionDepthMax: {
    value: 64,
    unit: 'levels',
    reason: 'Parentheses and negations in each other in a condition: a reader stays within its stack.',
  },
  conditionValuesMax: {
    value: 256,
    unit: 'count',
    reason: 'Texts in a condition: each may be compared with the repository at a request.',
  },
  conditionsRememberedMax: {
    value: 4096,
    unit: 'count',
    reason: 'Conditions that a thread keeps as it has read them.',
  },
  customRolesMax: { value: 5000, unit: 'count', reason: 'Custom roles of a tenant: what Azure allows.' },
  roleActionsMax: {
    value: 500,
    unit: 'count',
    reason: 'Actions of a custom role in each of its four lists; every one of the provider would be fewer.',
  },
  scopeMapActionsMax: { value: 500, unit: 'count', reason: 'What ACR allows in one scope map.' },
} as const satisfies Record<string, Limit>;
