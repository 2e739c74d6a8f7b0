import type { Operation } from './ledger.ts';
import { absent, parseRegister, registerName, type State } from './registers.ts';

interface Write {
  readonly value: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isCertain: boolean;
}

/**
 * What is wrong with the values that registers have after a run, given what they were before it: a register may have
 * the value of any write that no acknowledged one followed entirely (points 1 to 3 of the oracle: nothing acknowledged
 * is lost, nothing deleted comes back, and what was never asked for is not there).
 */
export function impossibleValues(operations: readonly Operation[], before: State, after: State): string[] {
  const writes = writesByRegister(operations, before);
  const flaws: string[] = [];
  for (const [register, value] of after) {
    const all = writes.get(register) ?? [initialWrite(before.get(register))];
    const candidates = [...all, ...clearings(register, all, writes)].filter((write) => write.value === value);
    const followers = [...all, ...clearingsOf(register, value, writes)].filter((write) => write.isCertain);
    const isPossible = candidates.some(
      (candidate) => !followers.some((follower) => follower.startMs > candidate.endMs),
    );
    if (!isPossible) flaws.push(`${register} is ${value}, which ${toldOf(all)} does not allow`);
  }
  return flaws;
}

function writesByRegister(operations: readonly Operation[], before: State): Map<string, Write[]> {
  const writes = new Map<string, Write[]>();
  for (const { effects, startMs, endMs, outcome } of operations) {
    if (outcome === 'refused') continue;
    for (const { register, value } of effects) {
      const found = writes.get(register) ?? [initialWrite(before.get(register))];
      writes.set(register, found);
      found.push({ value, startMs, endMs, isCertain: outcome === 'acknowledged' });
    }
  }
  return writes;
}

/** What a register had before the run: as if it had been written then, for certain. */
const initialWrite = (value: string | undefined): Write => ({
  value: value ?? absent,
  startMs: Number.NEGATIVE_INFINITY,
  endMs: Number.NEGATIVE_INFINITY,
  isCertain: true,
});

/** Deletes of a manifest that the tag may have pointed at just then: each may have taken the tag along. */
function clearings(register: string, all: readonly Write[], writes: ReadonlyMap<string, Write[]>): Write[] {
  return all.flatMap((pointing) =>
    clearingsOf(register, pointing.value, writes).filter(
      (clearing) => !all.some((write) => write.isCertain && isBetween(write, pointing, clearing)),
    ),
  );
}

const isBetween = (write: Write, earlier: Write, later: Write): boolean =>
  write.startMs > earlier.endMs && write.endMs < later.startMs;

/** Deletes of this manifest: a tag that still points at it when one is carried out goes with it. */
function clearingsOf(
  register: string,
  value: string,
  writes: ReadonlyMap<string, readonly Write[]>,
): readonly Write[] {
  const place = parseRegister(register);
  if (place.kind !== 'tag' || value === absent) return [];
  const deletes = writes.get(registerName('manifest', place, value)) ?? [];
  return deletes.filter((write) => write.value === absent && write.startMs !== Number.NEGATIVE_INFINITY);
}

function toldOf(writes: readonly Write[]): string {
  const told = writes.map(({ value, startMs, endMs, isCertain }) =>
    startMs === Number.NEGATIVE_INFINITY
      ? `«${value} before»`
      : `«${value} ${isCertain ? 'acknowledged' : 'unknown'} ${Math.round(startMs)}–${Math.round(endMs)}»`,
  );
  return told.join(', ');
}
