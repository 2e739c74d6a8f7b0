import { matchesOperation } from '../permissions.ts';
import type { Condition } from './condition.ts';
import { type TextTest, textTest } from './string-operator.ts';

/** What is left of a condition once the action is known: an answer, or a question to the repository's name. */
export type NameCondition = boolean | TextTest;

/**
 * Fixes the action, so that what remains for a request is a few comparisons of text.
 * @param operation such as `Microsoft.ContainerRegistry/registries/repositories/content/read`
 */
export function compileCondition(condition: Condition, operation: string): NameCondition {
  switch (condition.kind) {
    case 'and':
      return allOf(condition.operands.map((operand) => compileCondition(operand, operation)));
    case 'or':
      return anyOf(condition.operands.map((operand) => compileCondition(operand, operation)));
    case 'not': {
      const operand = compileCondition(condition.operand, operation);
      return typeof operand === 'boolean' ? !operand : (name) => !operand(name);
    }
    case 'action':
      return matchesOperation(condition.pattern, operation);
    case 'sub-operation':
      return false;
    case 'exists':
      // Every action that a condition is asked about is one on a repository.
      return !condition.negated;
    case 'compare': {
      const { operator, quantifier, values } = condition;
      const tests = values.map((value) => textTest(operator, value));
      // A request has one name, so what a quantifier says of the left-hand side makes no difference.
      return quantifier?.endsWith('OfAllValues') === true ? allOf(tests) : anyOf(tests);
    }
  }
}

function allOf(parts: readonly NameCondition[]): NameCondition {
  if (parts.includes(false)) return false;
  const tests = parts.filter((part) => typeof part === 'function');
  const [only, ...others] = tests;
  if (only === undefined) return true;
  return others.length === 0 ? only : (name) => tests.every((test) => test(name));
}

function anyOf(parts: readonly NameCondition[]): NameCondition {
  if (parts.includes(true)) return true;
  const tests = parts.filter((part) => typeof part === 'function');
  const [only, ...others] = tests;
  if (only === undefined) return false;
  return others.length === 0 ? only : (name) => tests.some((test) => test(name));
}
