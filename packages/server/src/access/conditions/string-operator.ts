import { likePattern } from './like-pattern.ts';

/** An operator on text, such as `StringNotStartsWithIgnoreCase`, in its parts. */
export interface StringOperator {
  readonly test: 'Equals' | 'StartsWith' | 'Like';
  readonly negated: boolean;
  readonly ignoreCase: boolean;
}

/** Whether an attribute's value passes. */
export type TextTest = (value: string) => boolean;

const named = new Map<string, StringOperator>(
  (['Equals', 'StartsWith', 'Like'] as const).flatMap((test) =>
    [false, true].flatMap((negated) =>
      [false, true].map((ignoreCase) => {
        const operator = { test, negated, ignoreCase };
        return [operatorName(operator).toLowerCase(), operator] as const;
      }),
    ),
  ),
);

export const operatorNames: readonly string[] = [...named.values()].map(operatorName);

/** The operator of this name, in any case. */
export function findOperator(name: string): StringOperator | undefined {
  return named.get(name.toLowerCase());
}

export function operatorName({ test, negated, ignoreCase }: StringOperator): string {
  return `String${negated ? 'Not' : ''}${test}${ignoreCase ? 'IgnoreCase' : ''}`;
}

/** The test for one value on the right-hand side. */
export function textTest({ test, negated, ignoreCase }: StringOperator, wanted: string): TextTest {
  const plain = plainTest(test, ignoreCase ? wanted.toLowerCase() : wanted);
  const cased: TextTest = ignoreCase ? (value) => plain(value.toLowerCase()) : plain;
  return negated ? (value) => !cased(value) : cased;
}

function plainTest(test: StringOperator['test'], wanted: string): TextTest {
  switch (test) {
    case 'Equals':
      return (value) => value === wanted;
    case 'StartsWith':
      return (value) => value.startsWith(wanted);
    case 'Like':
      return likePattern(wanted);
  }
}
