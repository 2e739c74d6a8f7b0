import type { RightsEpoch } from '../access/rights-epoch.ts';
import { limits } from '../limits.ts';
import type { CommandBus } from '../registry/commands.ts';
import type { MetadataReader } from '../registry/metadata-reader.ts';
import { createSubjectAdmission } from './admit-subject.ts';
import { createVerifierAdopter } from './adopt-verifier.ts';
import { type Authenticator, createAuthenticator } from './authenticate.ts';
import { createAssertionCheck } from './client-assertion.ts';
import { type ClientLogin, createClientLogin } from './client-login.ts';
import { createDirectory, type Directory } from './directory.ts';
import { createDirectoryTokens, type DirectoryTokens } from './directory-token.ts';
import { createLoginFailures, type LoginMemory } from './login-failures.ts';
import { createLoginQueue } from './login-queue.ts';
import { createManagedIdentityLogin, type ManagedIdentityLogin } from './managed-identity-login.ts';
import { createOutsideKeys, type FetchJson } from './outside-keys.ts';
import { createOutsideLogin, type RefusedToken } from './outside-login.ts';
import { createPasswordLogin } from './password-login.ts';
import { createPasswordVerifier } from './password-verifier.ts';
import { createRefreshTokens, type RefreshTokens, type SignInPlace } from './refresh-tokens.ts';
import type { SystemKeySealing } from './system-key-set.ts';
import { createSystemKeys, type SystemKeys } from './system-keys.ts';
import { createTokenIssuer, type TokenIssuer } from './token-issuer.ts';
import { createTokenVerifier } from './token-verifier.ts';
import { createUserLogin, type UserLogin } from './user-login.ts';

/** What a serving thread knows of identity. */
export interface Identity {
  readonly directory: Directory;
  readonly systemKeys: SystemKeys;
  readonly authenticator: Authenticator;
  readonly tokenIssuer: TokenIssuer;
  /** The directory as an issuer: how applications log in to it, and its own tokens. */
  readonly clientLogin: ClientLogin;
  readonly directoryTokens: DirectoryTokens;
  readonly managedIdentityLogin: ManagedIdentityLogin;
  readonly userLogin: UserLogin;
  readonly refreshTokens: RefreshTokens;
}

export interface IdentityOptions {
  readonly reader: MetadataReader;
  readonly commands: CommandBus;
  readonly epoch: RightsEpoch;
  readonly sealing: SystemKeySealing;
  readonly clock: () => number;
  readonly newId: () => string;
  /** Shared by all threads. */
  readonly loginMemory: LoginMemory;
  /** Told of a verifier that could not be renewed; the login itself was let in. */
  readonly onAdoptionFailure: (error: unknown) => void;
  /** Told of a refresh token that was used before: its sign-in is over. */
  readonly onRefreshReuse: (principal: string, place: SignInPlace) => void;
  /** How outside issuers' documents are fetched, and who is told when that fails. */
  readonly fetchJson: FetchJson;
  readonly onFetchFailure: (issuer: string, why: string) => void;
  /** Told of tokens of outside issuers that were refused, and why. */
  readonly onRefusedToken: (refused: RefusedToken) => void;
}

/** Puts the parts of one serving thread together; they share one queue of costly logins. */
export function createIdentity(options: IdentityOptions): Identity {
  const { reader, epoch, clock, newId } = options;
  const queue = createLoginQueue({ atOnceMax: limits.loginsAtOnceMax, waitingMax: limits.loginsWaitingMax });
  const systemKeys = createSystemKeys(options);
  const directory = createDirectory({ reader, epoch });
  const passwords = createPasswordVerifier({ systemKeys, queue, clock });
  const failures = createLoginFailures(options.loginMemory, clock);
  const passwordLogin = createPasswordLogin({
    directory,
    passwords,
    failures,
    clock,
    adoptVerifier: createVerifierAdopter({ ...options, onFailure: options.onAdoptionFailure }),
  });
  const directoryTokens = createDirectoryTokens({ systemKeys, queue, clock, newId });
  const outsideKeys = createOutsideKeys({
    fetchJson: options.fetchJson,
    clock,
    onFailure: options.onFetchFailure,
  });
  const checkAssertion = createAssertionCheck({ reader, keys: outsideKeys, clock });
  const outsideLogin = createOutsideLogin({
    directory,
    keys: outsideKeys,
    failures,
    admitSubject: createSubjectAdmission(options),
    clock,
    onRefused: options.onRefusedToken,
  });
  const tokens = createTokenVerifier({ systemKeys, clock });
  const authenticator = createAuthenticator({
    directory,
    passwordLogin,
    tokens,
    directoryTokens,
    outsideLogin,
  });
  return {
    directory,
    systemKeys,
    authenticator,
    tokenIssuer: createTokenIssuer({ systemKeys, queue, clock, newId }),
    clientLogin: createClientLogin({ directory, passwords, failures, checkAssertion, clock }),
    directoryTokens,
    userLogin: createUserLogin({ directory, passwords, failures, systemKeys }),
    refreshTokens: createRefreshTokens({
      ...options,
      directory,
      systemKeys,
      onReuse: options.onRefreshReuse,
    }),
    managedIdentityLogin: createManagedIdentityLogin({ directory, passwords }),
  };
}
