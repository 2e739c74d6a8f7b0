/**
 * Reads a condition of a role assignment, in Azure's syntax of version 2.0:
 *
 *     expression = unary { AND unary } | unary { OR unary }
 *     unary      = NOT unary | "(" expression ")" | term
 *     term       = ActionMatches "{" text "}" | SubOperationMatches "{" text "}" | Exists attribute | NotExists attribute
 *                | attribute operator text | attribute quantifier ":" operator "{" text { "," text } "}"
 *
 * AND and OR are not mixed without parentheses, as Azure asks. Whatever is given, it throws nothing but its own error.
 */
import { limits } from '../../limits.ts';
import { nearestName } from '../../nearest-name.ts';
import type { Attribute, Condition, Quantifier } from './condition.ts';
import { ConditionError } from './condition-error.ts';
import { lexCondition, type Token, type TokenKind } from './lex-condition.ts';
import { findOperator, operatorNames, type StringOperator } from './string-operator.ts';

const quantifiers: ReadonlyMap<string, Quantifier> = new Map(
  (['ForAnyOfAnyValues', 'ForAllOfAnyValues', 'ForAnyOfAllValues', 'ForAllOfAllValues'] as const).map(
    (name) => [name.toLowerCase(), name],
  ),
);

/** @throws ConditionError with the place and with what was expected there */
export function parseCondition(text: string): Condition {
  if (text.length > limits.conditionCharsMax) {
    const most = limits.conditionCharsMax;
    throw new ConditionError(most + 1, `a condition has at most ${most} characters`);
  }
  const parser = new Parser(lexCondition(text));
  const condition = parser.expression(0);
  parser.take('end', 'AND, OR or the end');
  return condition;
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #values = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expression(depth: number): Condition {
    const first = this.#unary(depth);
    const { kind } = this.#token();
    if (kind !== 'and' && kind !== 'or') return first;
    const operands = [first];
    while (this.#token().kind === kind) {
      this.#next += 1;
      operands.push(this.#unary(depth));
    }
    const { kind: other, at } = this.#token();
    if (other === 'and' || other === 'or')
      throw new ConditionError(
        at,
        'expected parentheses: AND and OR together need them to say what goes first',
      );
    return { kind, at: first.at, operands };
  }

  /** The next token, which must be of this kind. */
  take(kind: TokenKind, expected: string): Token {
    const token = this.#token();
    if (token.kind !== kind) throw new ConditionError(token.at, `expected ${expected}, not ${shown(token)}`);
    this.#next += 1;
    return token;
  }

  #token(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', at: 1, value: '' };
  }

  #unary(depth: number): Condition {
    const { kind, at } = this.#token();
    if (depth >= limits.conditionDepthMax)
      throw new ConditionError(at, `conditions are nested at most ${limits.conditionDepthMax} deep`);
    if (kind === 'not') {
      this.#next += 1;
      return { kind: 'not', at, operand: this.#unary(depth + 1) };
    }
    if (kind !== '(') return this.#term();
    this.#next += 1;
    const inner = this.expression(depth + 1);
    this.take(')', 'AND, OR or )');
    return inner;
  }

  #term(): Condition {
    const token = this.#token();
    if (token.kind === 'attribute') return this.#comparison();
    if (token.kind !== 'word') throw new ConditionError(token.at, `expected ${terms}, not ${shown(token)}`);
    this.#next += 1;
    const { at } = token;
    switch (token.value.toLowerCase()) {
      case 'actionmatches':
        return { kind: 'action', at, pattern: this.#braced() };
      case 'suboperationmatches':
        return { kind: 'sub-operation', at, name: this.#braced() };
      case 'exists':
        return { kind: 'exists', at, attribute: this.#attribute(), negated: false };
      case 'notexists':
        return { kind: 'exists', at, attribute: this.#attribute(), negated: true };
      default:
        throw new ConditionError(at, `expected ${terms}, not ${shown(token)}`);
    }
  }

  #comparison(): Condition {
    const { at } = this.#token();
    const attribute = this.#attribute();
    const { operator, quantifier } = readOperator(
      this.take('word', 'an operator such as StringEqualsIgnoreCase'),
    );
    const values = quantifier === undefined ? [this.#single(operator)] : this.#set();
    return { kind: 'compare', at, attribute, operator, quantifier, values };
  }

  #attribute(): Attribute {
    const { value, name = '' } = this.take('attribute', 'an attribute such as @Request[…]');
    return { source: value, name };
  }

  #braced(): string {
    this.take('{', '{');
    const value = this.#text();
    this.take('}', '}');
    return value;
  }

  #single(operator: StringOperator): string {
    const { kind, at } = this.#token();
    if (kind === '{') {
      const name = `ForAnyOfAnyValues:String${operator.negated ? 'Not' : ''}${operator.test}`;
      throw new ConditionError(at, `expected one text in single quotes; for a set write ${name}`);
    }
    return this.#text();
  }

  #set(): string[] {
    this.take('{', "a set such as {'team/app', 'team/web'}");
    const values = [this.#text()];
    while (this.#token().kind === ',') {
      this.#next += 1;
      values.push(this.#text());
    }
    this.take('}', ', or }');
    return values;
  }

  #text(): string {
    const { at, value } = this.take('text', 'a text in single quotes');
    this.#values += 1;
    if (this.#values > limits.conditionValuesMax)
      throw new ConditionError(at, `a condition has at most ${limits.conditionValuesMax} texts`);
    return value;
  }
}

function readOperator({ value, at }: Token): {
  readonly operator: StringOperator;
  readonly quantifier: Quantifier | undefined;
} {
  const colon = value.indexOf(':');
  const name = value.slice(colon + 1);
  const quantifier = colon < 0 ? undefined : quantifiers.get(value.slice(0, colon).toLowerCase());
  if (colon >= 0 && quantifier === undefined)
    throw new ConditionError(at, `expected one of ${[...quantifiers.values()].join(', ')} before the colon`);
  const operator = findOperator(name);
  if (operator !== undefined) return { operator, quantifier };
  const near = nearestName(name, operatorNames);
  const hint = near === undefined ? `what there is: ${operatorNames.join(', ')}` : `do you mean ${near}?`;
  throw new ConditionError(at + colon + 1, `there is no operator ${name} on text; ${hint}`);
}

const terms = '(, NOT, ActionMatches{…}, Exists or an attribute such as @Request[…]';

function shown({ kind, value }: Token): string {
  if (kind === 'end') return 'the end';
  if (kind === 'attribute') return `the attribute @${value}[…]`;
  return kind === 'text' ? `'${value.slice(0, 40)}'` : value.slice(0, 40);
}
