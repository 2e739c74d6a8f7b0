import type { Attribute, Condition } from './condition.ts';
import { operatorName } from './string-operator.ts';

/** The condition as text, on one line; reading that gives the same condition. */
export function formatCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.operands.map(formatOperand).join(condition.kind === 'and' ? ' AND ' : ' OR ');
    case 'not':
      return `!(${formatCondition(condition.operand)})`;
    case 'action':
      return `ActionMatches{'${condition.pattern}'}`;
    case 'sub-operation':
      return `SubOperationMatches{'${condition.name}'}`;
    case 'exists':
      return `${condition.negated ? 'NotExists' : 'Exists'} ${formatAttribute(condition.attribute)}`;
    case 'compare': {
      const { attribute, operator, quantifier, values } = condition;
      const texts = values.map((value) => `'${value}'`).join(', ');
      const compared =
        quantifier === undefined
          ? `${operatorName(operator)} ${texts}`
          : `${quantifier}:${operatorName(operator)} {${texts}}`;
      return `${formatAttribute(attribute)} ${compared}`;
    }
  }
}

function formatOperand(operand: Condition): string {
  const text = formatCondition(operand);
  return operand.kind === 'and' || operand.kind === 'or' ? `(${text})` : text;
}

const formatAttribute = ({ source, name }: Attribute): string => `@${source}[${name}]`;
