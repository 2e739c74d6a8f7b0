/** Every limit of the server: its name with its unit, its value, and why. `docs/limits.md` is made from this table. */
export interface Limit {
  readonly value: number;
  readonly unit: 'bytes' | 'count' | 'ms' | 'seconds' | 'levels';
  readonly reason: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

const table = {
  manifestBytesMax: {
    value: 4 * MiB,
    unit: 'bytes',
    reason: 'What ACR allows, and what the OCI specification asks a registry to take at least.',
  },
  layerBytesMax: { value: 200 * GiB, unit: 'bytes', reason: 'What ACR allows in every tier.' },
  inlineBytesMax: {
    value: 32 * KiB,
    unit: 'bytes',
    reason: 'Up to here a sealed row is written five times as fast as a file.',
  },
  stagingPiecesMax: {
    value: 32,
    unit: 'count',
    reason: 'Pieces of 1 MiB in which a thread gathers bodies; when all are in use, others gather in 64 KiB.',
  },
  segmentBytesMax: {
    value: 1 * GiB,
    unit: 'bytes',
    reason: 'A segment is what a crash can lose of an upload, and what one key encrypts.',
  },
  uploadSegmentsMax: {
    value: 65_536,
    unit: 'count',
    reason: 'The list of segments is read at once when a blob is opened.',
  },
  chunkBytesMin: {
    value: 1,
    unit: 'bytes',
    reason:
      'Sent as OCI-Chunk-Min-Length: any chunk is stored, since each request has an object or a row of its own.',
  },
  manifestDescriptorsMax: {
    value: 10_000,
    unit: 'count',
    reason: 'The width of an index and the layers of an image; each becomes a row in one transaction.',
  },
  manifestDepthMax: {
    value: 32,
    unit: 'levels',
    reason: 'JSON nesting: deeper is no manifest but an attack on the parser.',
  },
  indexDepthMax: {
    value: 8,
    unit: 'levels',
    reason: 'Indexes of indexes: a walk stays bounded. Nothing in the field nests deeper than three.',
  },
  configBytesMax: {
    value: 4 * MiB,
    unit: 'bytes',
    reason: 'A config that is larger is stored but not looked into for architecture, os and labels.',
  },
  pageDefault: { value: 100, unit: 'count', reason: "ACR's default of `n`." },
  pageMax: {
    value: 1000,
    unit: 'count',
    reason: "ACR's maximum of `n`; a larger `n` gets this many, with a Link to the rest.",
  },
  manifestPageItemsMax: {
    value: 10_000,
    unit: 'count',
    reason:
      'Tags and children shown on one page of `_manifests`; a page that would have more is shorter, with a Link to the rest.',
  },
  attributesBodyBytesMax: {
    value: 4 * KiB,
    unit: 'bytes',
    reason: 'A PATCH of attributes holds four flags.',
  },
  pullCountFlushMs: {
    value: 30_000,
    unit: 'ms',
    reason:
      'Pulls are counted in memory and recorded this often, and at a shutdown: what a crash can lose of the figures.',
  },
  pullsCountedMax: {
    value: 10_000,
    unit: 'count',
    reason:
      'Manifests and tags whose pulls a serving thread counts in memory; at this many they are recorded at once.',
  },
  pullBatchMax: {
    value: 200,
    unit: 'count',
    reason: 'Figures of pulls in one transaction: others wait for it.',
  },
  referrersPageMax: {
    value: 100,
    unit: 'count',
    reason: 'Every referrer of a page is unsealed to show its annotations.',
  },
  tagsPerRequestMax: {
    value: 100,
    unit: 'count',
    reason: 'Tags named by `?tag=` in one PUT; the specification asks for at least 10.',
  },
  rangesMax: {
    value: 64,
    unit: 'count',
    reason: 'Ranges of one GET; lazy pullers ask for a few dozen. More gets the whole blob.',
  },
  bodyIdleMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'A body that brings nothing for this long is given up; what came is kept.',
  },
  responseIdleMs: {
    value: 60_000,
    unit: 'ms',
    reason: 'A client that takes nothing for this long is disconnected, so that it holds no file.',
  },
  unwantedBytesMax: {
    value: 64 * MiB,
    unit: 'bytes',
    reason:
      'Read of a body that was refused, so that the client gets to see why: chunks of several MiB come before their login.',
  },
  unwantedKeptBytesMax: {
    value: 64 * KiB,
    unit: 'bytes',
    reason: 'A refused body with no more than this left is read to its end, and the connection is kept.',
  },
  unwantedMs: {
    value: 5000,
    unit: 'ms',
    reason: 'Time for reading a body that was refused; then the connection is closed.',
  },
  interruptedStoringMs: {
    value: 5000,
    unit: 'ms',
    reason: 'Time to store what came of the bodies that a shutdown cut off.',
  },
  headersTimeoutMs: {
    value: 30_000,
    unit: 'ms',
    reason: 'Slow headers hold a connection and nothing else may wait for them.',
  },
  keepAliveMs: {
    value: 75_000,
    unit: 'ms',
    reason: 'Longer than the idle time of the common load balancers (60 s), so that they close first.',
  },
  headerBytesMax: {
    value: 32 * KiB,
    unit: 'bytes',
    reason: 'Tokens are up to 8 KiB, and a range list may be long.',
  },
  urlBytesMax: { value: 16 * KiB, unit: 'bytes', reason: 'Longer is 414: a PUT with too many tags, mostly.' },
  connectionsMax: {
    value: 10_000,
    unit: 'count',
    reason: 'For each serving thread; more are closed at once rather than left to starve the others.',
  },
  requestsWaitingMax: {
    value: 16,
    unit: 'count',
    reason:
      'Requests that a connection has sent ahead; while so many wait for their turn, no more of it is read.',
  },
  uploadsOpenMax: {
    value: 1000,
    unit: 'count',
    reason: 'Unfinished uploads of one identity: a runaway client may not fill the table.',
  },
  uploadBytesOpenMax: {
    value: 2048 * GiB,
    unit: 'bytes',
    reason: 'Bytes in unfinished uploads of one identity: ten layers of the largest size.',
  },
  uploadLifetimeSeconds: {
    value: 7 * 24 * 3600,
    unit: 'seconds',
    reason: 'A week is long enough for any push; then its bytes are given back.',
  },
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
  commandsQueuedMax: {
    value: 4096,
    unit: 'count',
    reason: 'Commands that wait for the writer; more get 503 with Retry-After.',
  },
  commandBytesQueuedMax: {
    value: 256 * MiB,
    unit: 'bytes',
    reason: 'Bytes of commands that wait for the writer.',
  },
  groupCommandsMax: {
    value: 64,
    unit: 'count',
    reason: 'Commands in one commit: larger groups gained nothing more.',
  },
  groupBytesMax: { value: 1 * MiB, unit: 'bytes', reason: 'Bytes in one commit.' },
  liveHashesMax: {
    value: 256,
    unit: 'count',
    reason:
      'Running hashes of unfinished uploads kept in a serving thread; one that is dropped is made again by reading back.',
  },
  parsedManifestsMax: {
    value: 128,
    unit: 'count',
    reason:
      'Small manifests that each serving thread keeps parsed, for those that are tagged again and again.',
  },
  manifestCacheBytesMax: {
    value: 16 * MiB,
    unit: 'bytes',
    reason: 'Opened manifests kept in a serving thread.',
  },
  tokensRememberedMax: {
    value: 4096,
    unit: 'count',
    reason: 'Verified tokens that a serving thread remembers by their hash.',
  },
  jobLeaseMs: { value: 60_000, unit: 'ms', reason: 'A job whose holder died is taken over after this.' },
  jobAttemptsMax: { value: 10, unit: 'count', reason: 'Then a job is dead and shown as such.' },
  expireBatchMax: { value: 200, unit: 'count', reason: 'Uploads or sign-ins ended in one transaction.' },
  requestIdCharsMax: { value: 128, unit: 'count', reason: 'A longer X-Request-Id of a client is replaced.' },
  userAgentCharsMax: { value: 256, unit: 'count', reason: 'Kept in events; the rest is cut off.' },
  mountSourcesMax: { value: 16, unit: 'count', reason: 'Repositories looked at for a mount without `from`.' },
} as const satisfies Record<string, Limit>;

/** The table, for the documentation. */
export const limitTable: Readonly<Record<string, Limit>> = table;

/** The values alone, by name. */
export const limits = Object.fromEntries(
  Object.entries(table).map(([name, limit]) => [name, limit.value]),
) as { readonly [Name in keyof typeof table]: number };
