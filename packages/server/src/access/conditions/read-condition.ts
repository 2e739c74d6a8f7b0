import { LRUCache } from 'lru-cache';
import { limits } from '../../limits.ts';
import { checkCondition } from './check-condition.ts';
import type { Condition } from './condition.ts';
import { ConditionError } from './condition-error.ts';
import { parseCondition } from './parse-condition.ts';

/** The one version of the syntax that there is. */
export const conditionVersion = '2.0';

const read = new LRUCache<string, { readonly condition: Condition | undefined }>({
  max: limits.conditionsRememberedMax,
});

/**
 * The condition that a row keeps. Undefined for one that this program does not understand, which then lets nothing
 * through. Remembered by its text: rows are read again whenever any right changes.
 */
export function readCondition({
  text,
  version,
}: {
  readonly text: string;
  readonly version: string;
}): Condition | undefined {
  if (version !== conditionVersion) return undefined;
  const known = read.get(text);
  if (known !== undefined) return known.condition;
  const condition = understood(text);
  read.set(text, { condition });
  return condition;
}

function understood(text: string): Condition | undefined {
  try {
    const condition = parseCondition(text);
    checkCondition(condition);
    return condition;
  } catch (error) {
    if (error instanceof ConditionError) return undefined;
    throw error;
  }
}
