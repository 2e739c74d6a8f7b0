import { nearestName } from '../../nearest-name.ts';
import { matchesOperation } from '../permissions.ts';
import { conditionalDataActions, dataOperations } from '../provider-operations.ts';
import type { Attribute, Condition } from './condition.ts';
import { ConditionError } from './condition-error.ts';

/** The one attribute that requests to a registry have. */
export const repositoryName: Attribute = {
  source: 'Request',
  name: 'Microsoft.ContainerRegistry/registries/repositories:name',
};

/**
 * Refuses what would be read and then mean something else than its author thought. An action that is misspelt matches
 * nothing, so that `!(ActionMatches{…})` would let everything through; a prefix without a slash at its end takes in
 * repositories of others. @throws ConditionError
 */
export function checkCondition(condition: Condition): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const operand of condition.operands) checkCondition(operand);
      return;
    case 'not':
      checkCondition(condition.operand);
      return;
    case 'action':
      checkAction(condition.pattern, condition.at);
      return;
    case 'sub-operation':
      throw new ConditionError(
        condition.at,
        'the actions of a registry have no sub-operations: leave it out',
      );
    case 'exists':
      checkAttribute(condition.attribute, condition.at);
      return;
    case 'compare':
      checkAttribute(condition.attribute, condition.at);
      if (condition.operator.test === 'StartsWith')
        for (const value of condition.values) checkPrefix(value, condition.at);
  }
}

function checkAction(pattern: string, at: number): void {
  if (dataOperations.some((operation) => matchesOperation(pattern, operation))) return;
  const near = nearestName(pattern, dataOperations);
  const hint =
    near === undefined ? `what there is: ${conditionalDataActions.join(', ')}` : `do you mean ${near}?`;
  throw new ConditionError(at, `no data action of a registry is called «${pattern.slice(0, 160)}»; ${hint}`);
}

function checkAttribute({ source, name }: Attribute, at: number): void {
  const isKnown =
    source.toLowerCase() === repositoryName.source.toLowerCase() &&
    name.toLowerCase() === repositoryName.name.toLowerCase();
  if (isKnown) return;
  const problem = `there is no attribute @${source.slice(0, 40)}[${name.slice(0, 160)}]`;
  throw new ConditionError(
    at,
    `${problem}: what there is: @${repositoryName.source}[${repositoryName.name}]`,
  );
}

function checkPrefix(value: string, at: number): void {
  if (value.endsWith('/')) return;
  const shown = value.slice(0, 160);
  const problem = `the prefix '${shown}' needs a / at its end, or it takes in ${shown}-other too`;
  throw new ConditionError(at, `${problem}; for one repository use StringEqualsIgnoreCase`);
}
