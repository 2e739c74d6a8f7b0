/**
 * The history of one tag, as clients saw it. Terminology. A *register* holds one value: the digest that the tag points
 * at, or null where there is no tag. An *operation* has an *invocation* (before its first byte was sent) and a *return*
 * (after its answer was read); somewhere between the two it took effect, if it did.
 */
export type Value = string | null;

/** On what a write makes itself dependent: `exists` and `absent` by themselves, `is` by the digest of an If-Match. */
export type Condition = 'none' | 'exists' | 'absent' | { readonly is: string };

export type Call =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: Value; readonly condition: Condition }
  /** A manifest is deleted: the tag goes along if it points there, and otherwise nothing happens to it. */
  | { readonly kind: 'sweep'; readonly digest: string };

export type Outcome =
  | { readonly result: 'saw'; readonly value: Value }
  | { readonly result: 'done' }
  /** Nothing was changed; `current` is what the answer said that the tag holds, where it said so. */
  | { readonly result: 'refused'; readonly current?: Value }
  /** No answer came: it may have taken effect, may still do so, or may never. */
  | { readonly result: 'unknown' };

export interface Operation {
  readonly client: string;
  readonly call: Call;
  readonly outcome: Outcome;
  /** Places in the one order of all invocations and returns. Without an answer there is no return: Infinity. */
  readonly invokedAt: number;
  readonly returnedAt: number;
}

/** The histories of several registers. All clients run in one thread, so one count orders all that they see. */
export class HistoryRecorder {
  readonly histories: ReadonlyMap<string, Operation[]>;
  #place = 0;

  constructor(registers: readonly string[]) {
    this.histories = new Map(registers.map((register) => [register, []]));
  }

  /** Runs a request and writes down what came of it, in the history of each register that it may change. */
  async record(
    {
      client,
      registers,
      call,
    }: Pick<Operation, 'client' | 'call'> & { readonly registers: readonly string[] },
    send: () => Promise<Outcome>,
  ): Promise<Outcome> {
    this.#place += 1;
    const invokedAt = this.#place;
    const outcome = await send();
    this.#place += 1;
    const returnedAt = outcome.result === 'unknown' ? Number.POSITIVE_INFINITY : this.#place;
    for (const register of registers)
      this.histories.get(register)?.push({ client, call, outcome, invokedAt, returnedAt });
    return outcome;
  }
}
