import type { Caller } from '../access/authorise.ts';
import type { RightsEpoch } from '../access/rights-epoch.ts';
import type { CallCounter } from '../rates/call-limiter.ts';
import type { RegistryRow } from '../registry/metadata-reader.ts';
import type { RequestFacts } from './admission.ts';

/** Who a request came from and to which registry: all of an admission that does not depend on its route. */
export interface ConnectionLogin {
  readonly registry: RegistryRow;
  readonly loginServer: string;
  readonly clientAddress: string;
  readonly host: string;
  readonly baseUrl: string;
  readonly caller: Caller;
  /** Undefined where calls are not limited. */
  readonly calls: CallCounter | undefined;
}

/** Credentials are looked at again after this, whatever they say of themselves. */
const keptMs = 60_000;

interface Kept {
  readonly login: ConnectionLogin;
  readonly host: string | undefined;
  readonly authorization: string;
  readonly epoch: number;
  readonly untilMs: number;
}

/**
 * Remembers for each connection the login of its last request. A client sends the same headers with every request, and
 * finding out again what they mean would cost a sixth of a small answer. The answer holds only for the same headers,
 * while the rights epoch stands, and not longer than the credentials; rights are decided at each request all the same.
 */
export class ConnectionLogins {
  readonly #kept = new WeakMap<object, Kept>();
  readonly #epoch: RightsEpoch;
  readonly #clock: () => number;

  constructor(epoch: RightsEpoch, clock: () => number) {
    this.#epoch = epoch;
    this.#clock = clock;
  }

  /** Taken before anything is looked up, and given to `keep`. */
  epoch(): number {
    return this.#epoch.current();
  }

  recall(facts: RequestFacts): ConnectionLogin | undefined {
    if (facts.connection === undefined || isForwarded(facts)) return undefined;
    const kept = this.#kept.get(facts.connection);
    if (kept === undefined) return undefined;
    const isSame = kept.host === facts.headers.host && kept.authorization === facts.headers.authorization;
    const holds = kept.epoch === this.#epoch.current() && this.#clock() < kept.untilMs;
    return isSame && holds ? kept.login : undefined;
  }

  /** @param validUntilMs when the credentials end by themselves; undefined for never. */
  keep(
    facts: RequestFacts,
    login: ConnectionLogin,
    validity: { readonly epoch: number; readonly validUntilMs: number | undefined },
  ): void {
    const { authorization, host } = facts.headers;
    if (facts.connection === undefined || authorization === undefined || isForwarded(facts)) return;
    const untilMs = Math.min(validity.validUntilMs ?? Number.POSITIVE_INFINITY, this.#clock() + keptMs);
    this.#kept.set(facts.connection, { login, host, authorization, epoch: validity.epoch, untilMs });
  }
}

/** A proxy sends the requests of many clients over one connection, and its headers say which. */
function isForwarded({ headers }: RequestFacts): boolean {
  return (
    headers['x-forwarded-for'] !== undefined ||
    headers['x-forwarded-host'] !== undefined ||
    headers['x-forwarded-proto'] !== undefined
  );
}
