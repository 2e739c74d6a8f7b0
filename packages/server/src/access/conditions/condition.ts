import type { StringOperator } from './string-operator.ts';

/** How an operator reads a set: the first word is of the attribute's values, the last of the set's. */
export type Quantifier =
  | 'ForAnyOfAnyValues'
  | 'ForAllOfAnyValues'
  | 'ForAnyOfAllValues'
  | 'ForAllOfAllValues';

/** `@Request[Microsoft.ContainerRegistry/registries/repositories:name]` in its two parts. */
export interface Attribute {
  readonly source: string;
  readonly name: string;
}

/** A part of a condition as it was read. `at` is the place of its first character, counted from 1. */
export type Condition = { readonly at: number } & (
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Condition[] }
  | { readonly kind: 'not'; readonly operand: Condition }
  /** `ActionMatches{'…'}`: whether the operation that is asked for fits a pattern with `*`. */
  | { readonly kind: 'action'; readonly pattern: string }
  | { readonly kind: 'sub-operation'; readonly name: string }
  | { readonly kind: 'exists'; readonly attribute: Attribute; readonly negated: boolean }
  | {
      readonly kind: 'compare';
      readonly attribute: Attribute;
      readonly operator: StringOperator;
      /** Undefined where the operator has one value. */
      readonly quantifier: Quantifier | undefined;
      readonly values: readonly string[];
    }
);
