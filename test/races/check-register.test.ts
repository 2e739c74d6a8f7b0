/**
 * Proves that the judge of T9 tells linearizable histories of a register from others: on histories written by hand, and
 * on small ones beside a judge that tries every order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRegister } from './check-register.ts';
import type { Call, Condition, Operation, Outcome, Value } from './register-history.ts';

const forever = Number.POSITIVE_INFINITY;
let client = 0;

function operation(call: Call, outcome: Outcome, [from, to]: readonly [number, number]): Operation {
  client += 1;
  return { client: `c${client}`, call, outcome, invokedAt: from, returnedAt: to };
}

type Span = readonly [number, number];
const read = (value: Value, span: Span): Operation =>
  operation({ kind: 'read' }, { result: 'saw', value }, span);
const write = (value: Value, condition: Condition, span: Span): Operation =>
  operation({ kind: 'write', value, condition }, { result: 'done' }, span);
const refused = (value: Value, condition: Condition, span: Span, current?: Value): Operation =>
  operation(
    { kind: 'write', value, condition },
    { result: 'refused', ...(current !== undefined && { current }) },
    span,
  );
const lost = (value: Value, condition: Condition, from: number): Operation =>
  operation({ kind: 'write', value, condition }, { result: 'unknown' }, [from, forever]);
const sweep = (digest: string, result: 'done' | 'refused', span: Span): Operation =>
  operation({ kind: 'sweep', digest }, { result }, span);

const good: Record<string, readonly Operation[]> = {
  'nothing at all': [],
  'one after the other': [read(null, [1, 2]), write('a', 'none', [3, 4]), read('a', [5, 6])],
  'a read that overlaps a write sees the old value': [write('a', 'none', [1, 4]), read(null, [2, 3])],
  'a read that overlaps a write sees the new value': [write('a', 'none', [1, 4]), read('a', [2, 3])],
  'a swap from what is there': [write('a', 'absent', [1, 2]), write('b', { is: 'a' }, [3, 4])],
  'of two swaps from one value one is refused': [
    write('a', 'none', [1, 2]),
    write('b', { is: 'a' }, [3, 6]),
    refused('c', { is: 'a' }, [4, 5]),
  ],
  'an unanswered write that never came': [lost('a', 'none', 1), read(null, [2, 3])],
  'an unanswered write that came late': [
    lost('a', 'none', 1),
    read(null, [2, 3]),
    write('b', 'none', [4, 5]),
    read('a', [6, 7]),
  ],
  'an unanswered swap whose moment never came': [lost('b', { is: 'a' }, 1), read(null, [2, 3])],
  'three overlapping writes in any order': [
    write('a', 'none', [1, 10]),
    write('b', 'none', [2, 9]),
    write('c', 'none', [3, 8]),
    read('b', [4, 5]),
    read('a', [6, 7]),
    read('c', [11, 12]),
  ],
  'a deleted manifest takes its tag along': [
    write('a', 'none', [1, 2]),
    sweep('a', 'done', [3, 4]),
    read(null, [5, 6]),
  ],
  'a deleted manifest leaves other tags alone': [
    write('a', 'none', [1, 2]),
    sweep('b', 'done', [3, 4]),
    read('a', [5, 6]),
  ],
  'a tag that is deleted and made again': [
    write('a', 'absent', [1, 2]),
    write(null, { is: 'a' }, [3, 4]),
    write('b', 'absent', [5, 6]),
  ],
};

const bad: Record<string, readonly Operation[]> = {
  'a value from nowhere': [read('a', [1, 2])],
  'a stale read after the write was acknowledged': [write('a', 'none', [1, 2]), read(null, [3, 4])],
  'a reader that sees the new value, and after it another that sees the old one': [
    write('a', 'none', [1, 10]),
    read('a', [2, 3]),
    read(null, [4, 5]),
  ],
  'two swaps from one value that both succeed (a lost update)': [
    write('a', 'none', [1, 2]),
    write('b', { is: 'a' }, [3, 6]),
    write('c', { is: 'a' }, [4, 5]),
  ],
  'two creations that both succeed': [write('a', 'absent', [1, 4]), write('b', 'absent', [2, 3])],
  'a refusal without a reason': [write('a', 'none', [1, 2]), refused('b', { is: 'a' }, [3, 4])],
  'a refusal that names a value which was never there': [
    write('a', 'none', [1, 2]),
    refused('b', { is: 'x' }, [3, 4], 'y'),
  ],
  'an unanswered write that came twice': [
    lost('a', 'none', 1),
    read('a', [2, 3]),
    write('b', 'none', [4, 5]),
    read('a', [6, 7]),
    read('b', [8, 9]),
    read('a', [10, 11]),
  ],
  'an unanswered write that came before it was sent': [read('a', [1, 2]), lost('a', 'none', 3)],
  'an acknowledged write that is forgotten': [
    write('a', 'none', [1, 2]),
    write('b', 'none', [3, 4]),
    read('b', [5, 6]),
    read('a', [7, 8]),
  ],
  'a manifest that was deleted without its tag': [
    write('a', 'none', [1, 2]),
    sweep('a', 'done', [3, 4]),
    read('a', [5, 6]),
  ],
  'a deletion of nothing': [write(null, 'exists', [1, 2])],
};

describe('a linearizable history is recognised:', () => {
  for (const [name, history] of Object.entries(good)) {
    test(name, () => {
      expect(checkRegister(history, null).story).toBe('');
      expect(checkRegister(history, null).isLinearizable).toBe(true);
    });
  }
});

describe('a history that is not linearizable is recognised:', () => {
  for (const [name, history] of Object.entries(bad)) {
    test(name, () => {
      const verdict = checkRegister(history, null);
      expect(verdict.isLinearizable).toBe(false);
      expect(verdict.story).toContain('Nothing explains this');
    });
  }
});

/** Small random histories of three values, in which intervals overlap at will. */
const histories = fc
  .array(
    fc.record({
      call: fc.oneof(
        fc.record({
          kind: fc.constant('write' as const),
          value: fc.constantFrom('a', 'b', null),
          condition: fc.constantFrom<Condition>('none', 'exists', 'absent', { is: 'a' }),
        }),
        fc.record({ kind: fc.constant('sweep' as const), digest: fc.constantFrom('a', 'b') }),
        fc.constant({ kind: 'read' as const }),
      ),
      saw: fc.constantFrom('a', 'b', null),
      result: fc.constantFrom('done' as const, 'done' as const, 'refused' as const, 'unknown' as const),
      from: fc.nat(12),
      length: fc.nat(8),
    }),
    { maxLength: 5 },
  )
  .map((drafts) =>
    drafts.map(({ call, saw, result, from, length }, index) => {
      const outcome: Outcome = call.kind === 'read' ? { result: 'saw', value: saw } : { result };
      const until = outcome.result === 'unknown' ? forever : from + length + 0.5 + index / 100;
      return operation(call, outcome, [from + index / 100, until]);
    }),
  );

test('on small histories it decides as trying every order does', () => {
  let linearizable = 0;
  const runs = 3000;
  fc.assert(
    fc.property(histories, (history) => {
      const expected = someOrderWorks(history);
      if (expected) linearizable += 1;
      expect(checkRegister(history, null).isLinearizable).toBe(expected);
    }),
    { numRuns: runs },
  );
  // Both answers were asked for often enough.
  expect(linearizable).toBeGreaterThan(runs / 20);
  expect(linearizable).toBeLessThan((runs * 19) / 20);
});

const impossible = Symbol('impossible');
const refusal = Symbol('refused');
type Impossible = typeof impossible;
type Refused = typeof refusal;

/** The definition itself: some order of all answered and some unanswered operations fits all intervals and outcomes. */
function someOrderWorks(rest: readonly Operation[], value: Value = null): boolean {
  if (rest.every(({ outcome }) => outcome.result === 'unknown')) return true;
  return rest.some((first) => {
    if (rest.some((other) => other !== first && other.returnedAt < first.invokedAt)) return false;
    const after = outcomeAt(first, value);
    return (
      after !== impossible &&
      someOrderWorks(
        rest.filter((other) => other !== first),
        after,
      )
    );
  });
}

function outcomeAt({ call, outcome }: Operation, value: Value): Value | Impossible {
  const changed = ((): Value | Refused => {
    if (call.kind === 'read') return value;
    if (call.kind === 'sweep') return call.digest === value ? null : value;
    const { condition } = call;
    if (condition === 'exists' && value === null) return refusal;
    if (condition === 'absent' && value !== null) return refusal;
    if (typeof condition === 'object' && value !== condition.is) return refusal;
    return call.value;
  })();
  if (outcome.result === 'saw') return outcome.value === value ? value : impossible;
  if (call.kind === 'sweep' && outcome.result === 'refused')
    return call.digest === value ? impossible : value;
  if (outcome.result === 'refused') return changed === refusal ? value : impossible;
  // Without an answer it may have been refused, which is as if it had never been.
  return changed === refusal ? impossible : changed;
}
