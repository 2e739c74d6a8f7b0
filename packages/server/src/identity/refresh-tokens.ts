/**
 * Refresh tokens of users who have signed in, with rotation: each use gives the next one and voids the last.
 *
 *     32 hex digits, the same for all of a sign-in | 64 hex digits, new at each use
 *
 * Invariants. The database holds hashes only. A token that was used before ends the whole sign-in, since somebody has it
 * who should not; only for a moment, in which an answer may have been lost, the same next token is given again. The
 * next is made from the one before under a key of this deployment, so that it is the same without being kept.
 */
import { createHash, createHmac } from 'node:crypto';
import { isRefusal } from '../errors.ts';
import { limits } from '../limits.ts';
import type { DirectoryPrincipalRow, TenantRow } from '../registry/access-reader.ts';
import type { CommandBus, CommandContext } from '../registry/commands.ts';
import type { Directory } from './directory.ts';
import { DirectoryError } from './directory-error.ts';
import type { SystemKeys, SystemSecret } from './system-keys.ts';
import type { SignedInUser } from './user-login.ts';

/** Who asks, as the events tell it. */
export interface SignInPlace {
  readonly tenant: TenantRow;
  readonly clientAddress: string;
  readonly host: string;
  readonly requestId: string;
  readonly userAgent: string;
}

export interface RefreshTokens {
  /** The first token of a sign-in, for this client only. Throws DirectoryError when the user was changed meanwhile. */
  begin(signedIn: SignedInUser, client: string, place: SignInPlace): Promise<string>;
  /** The user that a token belongs to, and the next token. Throws DirectoryError. */
  use(
    token: string,
    client: string,
    place: SignInPlace,
  ): Promise<{ readonly user: DirectoryPrincipalRow; readonly token: string }>;
}

const familyChars = 32;

export function createRefreshTokens(options: {
  readonly directory: Directory;
  readonly systemKeys: SystemKeys;
  readonly commands: CommandBus;
  readonly clock: () => number;
  readonly newId: () => string;
  /** Told of a token that was used before. */
  readonly onReuse: (principal: string, place: SignInPlace) => void;
}): RefreshTokens {
  const { directory, systemKeys, commands, clock, newId, onReuse } = options;

  const commandAt = (place: SignInPlace, user?: DirectoryPrincipalRow) => ({
    lane: place.tenant.id,
    context: contextOf(place, { commandId: newId(), newId: newId(), now: clock() }, user),
  });

  return {
    async begin({ user, passwordId }, client, place) {
      const family = newId();
      const token = family + newId() + newId();
      const row = {
        id: newId(),
        principal: user.id,
        password: passwordId,
        client,
        familyHash: hashOf(family),
        tokenHash: hashOf(token),
        expiresAt: clock() + limits.signInSeconds * 1000,
      };
      const input = { stream: place.tenant.id, family: row };
      await commands.execute('beginRefreshFamily', input, commandAt(place, user)).catch(changedMeanwhile);
      return token;
    },
    async use(token, client, place) {
      if (!/^[0-9a-f]{96}$/.test(token)) throw notValid();
      const next = nextOf(token, await systemKeys.currentSecret('verifier'));
      const input = {
        stream: place.tenant.id,
        client,
        familyHash: hashOf(familyOf(token)),
        tokenHash: hashOf(token),
        nextHash: hashOf(next),
        graceMs: limits.refreshGraceSeconds * 1000,
      };
      const result = await commands.execute('rotateRefreshToken', input, commandAt(place));
      if (result.outcome === 'unknown') throw notValid();
      if (result.outcome === 'reused') {
        onReuse(result.principal, place);
        throw notValid();
      }
      const user = await directory.directoryPrincipal(result.principal);
      if (user?.enabled !== true || user.tenant !== place.tenant.id) throw notValid();
      return { user, token: next };
    },
  };
}

function changedMeanwhile(error: unknown): never {
  if (!isRefusal(error, 'unauthorized', 'resource_unknown')) throw error;
  throw new DirectoryError('invalid_grant', 50173, `${error.message} Sign in again.`);
}

function contextOf(
  place: SignInPlace,
  fresh: Pick<CommandContext, 'commandId' | 'newId' | 'now'>,
  user: DirectoryPrincipalRow | undefined,
): CommandContext {
  return {
    ...fresh,
    principalId: user?.id ?? '',
    principalName: user?.name ?? '',
    requestId: place.requestId,
    address: place.clientAddress,
    host: place.host,
    method: 'POST',
    userAgent: place.userAgent,
  };
}

/** Whoever has a token can't tell the next one from it; this deployment always makes the same. */
function nextOf(token: string, { key }: SystemSecret): string {
  const next = createHmac('sha256', key).update('cerulean refresh token\0').update(token);
  return familyOf(token) + next.digest('hex');
}

const familyOf = (token: string): string => token.slice(0, familyChars);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** One answer for all: whoever holds a stolen token is not told what gave it away. */
const notValid = (): DirectoryError =>
  new DirectoryError(
    'invalid_grant',
    700082,
    'The refresh token has expired, was revoked or was used before. Sign in again.',
  );
