import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition } from './compile-condition.ts';
import type { Condition } from './condition.ts';
import { ConditionError } from './condition-error.ts';
import { formatCondition } from './format-condition.ts';
import { likePattern } from './like-pattern.ts';
import { parseCondition } from './parse-condition.ts';

const R = 'Microsoft.ContainerRegistry/registries/repositories';
const at = 1;
const attribute = { source: 'Request', name: `${R}:name` };
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '/', '*', '?', '\\', 'é'), maxLength: 6 });
const quantifier = fc.constantFrom(
  'ForAnyOfAnyValues',
  'ForAllOfAnyValues',
  'ForAnyOfAllValues',
  'ForAllOfAllValues',
);
const operator = fc.record({
  test: fc.constantFrom('Equals', 'StartsWith', 'Like'),
  negated: fc.boolean(),
  ignoreCase: fc.boolean(),
});

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.record({
      kind: fc.constant('action'),
      at: fc.constant(at),
      pattern: fc.constantFrom(`${R}/content/read`, `${R}/content/*`, '*/write', '*'),
    }),
    fc.record({
      kind: fc.constant('exists'),
      at: fc.constant(at),
      attribute: fc.constant(attribute),
      negated: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('compare'),
      at: fc.constant(at),
      attribute: fc.constant(attribute),
      operator,
      quantifier: fc.constant(undefined),
      values: fc.tuple(text),
    }),
    fc.record({
      kind: fc.constant('compare'),
      at: fc.constant(at),
      attribute: fc.constant(attribute),
      operator,
      quantifier,
      values: fc.array(text, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not'), at: fc.constant(at), operand: tie('condition') }),
    fc.record({
      kind: fc.constantFrom('and', 'or'),
      at: fc.constant(at),
      operands: fc.array(tie('condition'), { minLength: 2, maxLength: 3 }),
    }),
  ) as fc.Arbitrary<Condition>,
}));

/** Without the places, which depend on how it is printed. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).filter(([key]) => key !== 'at');
  return Object.fromEntries(parts.map(([key, part]) => [key, bare(part)]));
}

/** The meaning, written down once more in the plainest way: nothing is folded, and Like is an expression. */
function means(given: Condition, operation: string, name: string): boolean {
  switch (given.kind) {
    case 'and':
      return given.operands.every((operand) => means(operand, operation, name));
    case 'or':
      return given.operands.some((operand) => means(operand, operation, name));
    case 'not':
      return !means(given.operand, operation, name);
    case 'action':
      return like(given.pattern, true, operation);
    case 'sub-operation':
      return false;
    case 'exists':
      return !given.negated;
    case 'compare': {
      const results = given.values.map((value) => compares(given.operator, name, value));
      return given.quantifier === 'ForAnyOfAllValues' || given.quantifier === 'ForAllOfAllValues'
        ? !results.includes(false)
        : results.includes(true);
    }
  }
}

function compares(
  { test: kind, negated, ignoreCase }: Extract<Condition, { kind: 'compare' }>['operator'],
  name: string,
  value: string,
): boolean {
  const [left, right] = ignoreCase ? [name.toLowerCase(), value.toLowerCase()] : [name, value];
  const plain =
    kind === 'Equals'
      ? left === right
      : kind === 'StartsWith'
        ? left.indexOf(right) === 0
        : like(right, false, left);
  return plain !== negated;
}

function like(pattern: string, ignoreCase: boolean, value: string): boolean {
  let expression = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const letter = pattern[index] ?? '';
    const next = pattern[index + 1] ?? '';
    if (!ignoreCase && letter === '\\' && (next === '*' || next === '?')) {
      expression += `\\${next}`;
      index += 1;
    } else if (letter === '*') expression += '[^]*';
    else if (letter === '?' && !ignoreCase) expression += '[^]';
    else expression += letter.replace(/[.+^${}()|[\]\\?]/g, '\\$&');
  }
  return new RegExp(`^${expression}$`, ignoreCase ? 'i' : '').test(value);
}

describe('a condition', () => {
  test('that is printed and read again is the same', () => {
    fc.assert(
      fc.property(condition, (given) => {
        expect(bare(parseCondition(formatCondition(given)))).toEqual(bare(given));
      }),
      { numRuns: 500 },
    );
  });

  test('means what a second, plain reading of it means', () => {
    const action = fc.constantFrom('content/read', 'content/write', 'metadata/read');
    fc.assert(
      fc.property(condition, action, text, (given, verb, name) => {
        const operation = `${R}/${verb}`;
        const compiled = compileCondition(given, operation);
        const answer = typeof compiled === 'boolean' ? compiled : compiled(name);
        expect(answer).toBe(means(given, operation, name));
      }),
      { numRuns: 2000 },
    );
  });

  test('of any text is read, or refused with the place of what is wrong', () => {
    const words = fc.constantFrom(
      '(',
      ')',
      '{',
      '}',
      ',',
      '!',
      '&&',
      'AND',
      'or',
      "'",
      "'a'",
      'ActionMatches',
      'Exists',
      'StringEquals',
      'ForAnyOfAnyValues:StringLike',
      `@Request[${R}:name]`,
      '@',
      '\\',
      '\u0000',
      '😀',
    );
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 40 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(anything, (given) => {
        try {
          parseCondition(given);
        } catch (error) {
          expect(error).toBeInstanceOf(ConditionError);
          expect((error as ConditionError).at).toBeGreaterThanOrEqual(1);
          expect((error as ConditionError).at).toBeLessThanOrEqual(given.length + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('a pattern of many stars on a text that almost fits is answered without trying all ways', () => {
  // An expression made of it would try more ways than there are atoms.
  const fits = likePattern(`${'*a'.repeat(60)}*b`);
  expect(fits('a'.repeat(255))).toBe(false);
  expect(fits(`${'a'.repeat(254)}b`)).toBe(true);
  expect(likePattern('*?'.repeat(128))('a'.repeat(127))).toBe(false);
  expect(likePattern('*?'.repeat(128))('a'.repeat(255))).toBe(true);
});
