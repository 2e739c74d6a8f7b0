import { RegistryError } from '../errors.ts';

/** A 401: `challenge` is the value of its WWW-Authenticate header. */
export class ChallengeError extends RegistryError {
  readonly challenge: string;

  constructor(options: {
    readonly code: 'unauthorized' | 'insufficient_scope';
    readonly message: string;
    /** What would have been needed, in ACR's form. Empty where that is nothing in particular: `GET /v2/`. */
    readonly needed: readonly NeededEntry[];
    readonly challenge: string;
  }) {
    super(options.code, options.message, options.needed.length === 0 ? undefined : options.needed);
    this.challenge = options.challenge;
  }
}

/** One entry of `detail` in ACR's 401 (acr: `[{"Type":"repository","Name":"x","Action":"pull"}]`). */
export type NeededEntry = Readonly<Record<'Type' | 'Name' | 'Action', string>>;
