/**
 * Is a history of one register linearizable, so that every operation could have taken effect at one moment between its
 * invocation and its return? The search is Wing's and Gong's with a memo of what was tried, walked along the history:
 * whenever an operation returns, each way in which the pending ones can have taken effect before it is followed. So
 * the work grows with the length of the history and only with the power of the number of operations that overlap.
 */
import type { Call, Condition, Operation, Outcome, Value } from './register-history.ts';

export interface Verdict {
  readonly isLinearizable: boolean;
  /** The return that nothing explains, with what led there; empty for a good history. */
  readonly story: string;
}

/** A way in which everything so far can have happened. */
interface Possibility {
  readonly value: Value;
  /** Those of the pending operations that have taken effect already, by number. */
  readonly taken: ReadonlySet<number>;
}

/** Decides over the operations on one register that held `initial`; each client's own come one after the other. */
export function checkRegister(operations: readonly Operation[], initial: Value): Verdict {
  const pending = new Set<number>();
  let possible: readonly Possibility[] = [{ value: initial, taken: new Set() }];
  for (const { number, isReturn } of eventsOf(operations)) {
    if (!isReturn) {
      pending.add(number);
      continue;
    }
    const next = takeUntil(number, { operations, pending, possible });
    if (next.length === 0) return { isLinearizable: false, story: storyOf(number, operations, possible) };
    possible = next;
    pending.delete(number);
  }
  return { isLinearizable: true, story: '' };
}

function eventsOf(operations: readonly Operation[]): { number: number; isReturn: boolean }[] {
  const events = operations.flatMap(({ invokedAt, returnedAt }, number) => [
    { at: invokedAt, number, isReturn: false },
    ...(returnedAt === Number.POSITIVE_INFINITY ? [] : [{ at: returnedAt, number, isReturn: true }]),
  ]);
  return events.sort((a, b) => a.at - b.at);
}

interface Search {
  readonly operations: readonly Operation[];
  readonly pending: ReadonlySet<number>;
  readonly possible: readonly Possibility[];
}

/** All ways in which the operation has taken effect; others that are pending may have done so before it. */
function takeUntil(wanted: number, { operations, pending, possible }: Search): Possibility[] {
  const tried = new Set<string>();
  const reached = new Map<string, Possibility>();
  const open = [...possible];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const key = keyOf(at);
    if (tried.has(key)) continue;
    tried.add(key);
    if (at.taken.has(wanted)) {
      const taken = new Set(at.taken);
      taken.delete(wanted);
      const result = { value: at.value, taken };
      reached.set(keyOf(result), result);
      continue;
    }
    for (const number of pending) {
      const operation = operations[number];
      if (operation === undefined || at.taken.has(number)) continue;
      const after = effectOf(operation, at.value);
      if (after !== undefined) open.push({ value: after.value, taken: new Set(at.taken).add(number) });
    }
  }
  return [...reached.values()];
}

const keyOf = ({ value, taken }: Possibility): string =>
  `${value} ${[...taken].sort((a, b) => a - b).join(' ')}`;

/** What the register holds after the operation; undefined when it can't have had its outcome at this value. */
function effectOf({ call, outcome }: Operation, value: Value): { readonly value: Value } | undefined {
  if (outcome.result === 'saw') return outcome.value === value ? { value } : undefined;
  if (call.kind === 'read') return undefined;
  const isRefusal = outcome.result === 'refused';
  if (isRefusal && outcome.current !== undefined && outcome.current !== value) return undefined;
  if (call.kind === 'sweep') {
    if (value !== call.digest) return { value };
    return isRefusal ? undefined : { value: null };
  }
  if (holds(call.condition, value) === isRefusal) return undefined;
  return { value: isRefusal ? value : call.value };
}

function holds(condition: Condition, value: Value): boolean {
  if (condition === 'none') return true;
  if (condition === 'absent') return value === null;
  return condition === 'exists' ? value !== null : value === condition.is;
}

/** As many operations before the failure as a reader can follow. */
const toldMax = 24;

function storyOf(failed: number, operations: readonly Operation[], possible: readonly Possibility[]): string {
  const last = operations[failed];
  if (last === undefined) throw new RangeError('The failed operation is not there.');
  const told = operations
    .filter(({ invokedAt }) => invokedAt <= last.returnedAt)
    .sort((a, b) => a.returnedAt - b.returnedAt)
    .slice(-toldMax);
  const values = [...new Set(possible.map(({ value }) => shortValue(value)))].join(', ');
  return [
    `Nothing explains this: ${line(last)}`,
    `The tag could only hold ${values}, or what overlapping writes put there. Before:`,
    ...told.map(line),
  ].join('\n');
}

function line({ client, call, outcome, invokedAt, returnedAt }: Operation): string {
  return `  [${invokedAt}, ${returnedAt}] ${client}: ${callText(call)} -> ${outcomeText(outcome)}`;
}

function callText(call: Call): string {
  if (call.kind === 'read') return 'read';
  if (call.kind === 'sweep') return `delete the manifest ${shortValue(call.digest)}`;
  const { condition } = call;
  return `write ${shortValue(call.value)} if ${typeof condition === 'string' ? condition : shortValue(condition.is)}`;
}

function outcomeText(outcome: Outcome): string {
  if (outcome.result === 'saw') return `saw ${shortValue(outcome.value)}`;
  if (outcome.result !== 'refused' || outcome.current === undefined) return outcome.result;
  return `refused, since it holds ${shortValue(outcome.current)}`;
}

const shortValue = (value: Value): string => (value === null ? 'nothing' : value.slice(0, 14));
