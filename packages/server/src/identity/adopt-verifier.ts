import { LRUCache } from 'lru-cache';
import type { Principal } from '../access/authorise.ts';
import { limits } from '../limits.ts';
import type { CommandBus } from '../registry/commands.ts';
import type { LoginPlace } from './login-place.ts';
import type { VerifierAdoption } from './password-verifier.ts';

/**
 * Stores renewed verifiers behind the login that proved the password: the login does not wait, and a renewal that
 * fails is tried again by a later one. Each is handed over once.
 */
export function createVerifierAdopter(options: {
  readonly commands: CommandBus;
  readonly clock: () => number;
  readonly newId: () => string;
  readonly onFailure: (error: unknown) => void;
}): (adoption: VerifierAdoption, principal: Principal, place: LoginPlace) => void {
  const { commands, clock, newId, onFailure } = options;
  const handedOver = new LRUCache<string, true>({ max: limits.adoptionsRememberedMax });
  return (adoption, principal, place) => {
    const key = `${adoption.credential}:${adoption.toVersion}`;
    if (handedOver.has(key)) return;
    handedOver.set(key, true);
    const commandId = newId();
    const context = {
      commandId,
      newId: newId(),
      now: clock(),
      principalId: principal.id,
      principalName: principal.name,
      requestId: commandId,
      address: place.clientAddress,
      host: place.loginServer,
      method: '',
      userAgent: '',
    };
    commands
      .execute('adoptVerifier', adoption, { lane: place.registry.id, context })
      .catch((error: unknown) => {
        handedOver.delete(key);
        onFailure(error);
      });
  };
}
