import { mayLogIn, type Principal } from '../access/authorise.ts';
import { RegistryError } from '../errors.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';

/** Where credentials came to, and from where. */
export interface LoginPlace {
  readonly registry: RegistryRow;
  /** `<name>.<domain>`: the audience of the registry's tokens. */
  readonly loginServer: string;
  readonly clientAddress: string;
}

/** Throws `unauthorized` for a principal whose credentials are worth nothing here, right as they may be. */
export function refuseUnlessMayLogIn(principal: Principal, place: LoginPlace): void {
  const decision = mayLogIn(principal, place.registry.settings);
  if (!decision.allowed) throw new RegistryError('unauthorized', `Login is refused: ${decision.reason}.`);
}
