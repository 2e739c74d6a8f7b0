import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What a request sets if it is carried out: a register is a tag, a manifest's or a blob's presence in a repository. */
export interface Effect {
  readonly register: string;
  readonly value: string;
}

/** What the driver says before it sends a request. */
export interface Begun {
  /** Unique; the request carries it as its User-Agent, so that its event can be told. */
  readonly id: string;
  readonly request: string;
  /** Empty for a request that leaves no event and changes no register, such as a chunk of an upload. */
  readonly effects: readonly Effect[];
  /** The status that says that the effects are there. */
  readonly acknowledgedBy: number;
}

/**
 * `acknowledged`: the server said that it is done. `refused`: it said that nothing was done. `unknown`: no answer, or
 * a failure of the server: all or nothing of it may have been done.
 */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** A request in the ledger; times are milliseconds on the driver's monotonic clock. */
export interface Operation extends Begun {
  readonly startMs: number;
  /** Infinity while there was no answer: an unknown request may take effect at any time. */
  readonly endMs: number;
  readonly outcome: Outcome;
  readonly status: number | undefined;
}

type Line =
  | (Begun & { readonly startMs: number })
  | { readonly id: string; readonly endMs: number; readonly status: number };

/**
 * The driver's record of what it asked for and what it was told: append only, and every line is with the system
 * before the next request goes out. It lies where the server's faults do not reach.
 */
export class Ledger implements Disposable {
  readonly file: string;
  readonly #descriptor: number;

  constructor(file: string) {
    this.file = file;
    this.#descriptor = openSync(file, 'a');
  }

  begin(begun: Begun): void {
    this.#write({ ...begun, startMs: performance.now() });
  }

  /** Not called when no answer came. */
  end(id: string, status: number): void {
    this.#write({ id, endMs: performance.now(), status });
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #write(line: Line): void {
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
  }
}

/** Reads a ledger back: what the checker knows of a run is what stands there. */
export function readLedger(file: string): Operation[] {
  const operations = new Map<string, Operation>();
  for (const text of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const line = JSON.parse(text) as Line;
    if ('startMs' in line) {
      const unanswered = { endMs: Number.POSITIVE_INFINITY, outcome: 'unknown', status: undefined } as const;
      operations.set(line.id, { ...line, ...unanswered });
      continue;
    }
    const begun = operations.get(line.id);
    if (begun === undefined) throw new Error(`The ledger ends what it did not begin: ${text}`);
    const outcome = outcomeOf(line.status, begun.acknowledgedBy);
    const endMs = outcome === 'unknown' ? Number.POSITIVE_INFINITY : line.endMs;
    operations.set(line.id, { ...begun, endMs, outcome, status: line.status });
  }
  return [...operations.values()];
}

function outcomeOf(status: number, acknowledgedBy: number): Outcome {
  if (status === acknowledgedBy) return 'acknowledged';
  return status >= 500 ? 'unknown' : 'refused';
}
