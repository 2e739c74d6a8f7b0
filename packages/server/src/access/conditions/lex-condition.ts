import { ConditionError } from './condition-error.ts';

export type TokenKind =
  | '('
  | ')'
  | '{'
  | '}'
  | ','
  | 'not'
  | 'and'
  | 'or'
  | 'text'
  | 'word'
  | 'attribute'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The place of its first character, counted from 1. */
  readonly at: number;
  /** Of a text and a word: itself. Of an attribute: its source. */
  readonly value: string;
  /** Of an attribute: what stands in the brackets. */
  readonly name?: string;
}

const signs: ReadonlyMap<string, TokenKind> = new Map([
  ['(', '('],
  [')', ')'],
  ['{', '{'],
  ['}', '}'],
  [',', ','],
  ['!', 'not'],
  ['&&', 'and'],
  ['||', 'or'],
]);
const logic: ReadonlyMap<string, TokenKind> = new Map([
  ['and', 'and'],
  ['or', 'or'],
  ['not', 'not'],
]);

const space = /\s*/y;
const sign = /&&|\|\||[(){},!]/y;
const word = /[A-Za-z][A-Za-z0-9]*(?::[A-Za-z][A-Za-z0-9]*)?/y;
const text = /'([^']*)'/y;
const attribute = /@([A-Za-z]+)\[([^\]]*)\]/y;

/** The words of a condition, `end` being the last. @throws ConditionError */
export function lexCondition(condition: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(condition, 0);
  while (at < condition.length) {
    const { length, ...token } = tokenAt(condition, at);
    tokens.push(token);
    at = skipSpace(condition, at + length);
  }
  tokens.push({ kind: 'end', at: at + 1, value: '' });
  return tokens;
}

function tokenAt(condition: string, at: number): Token & { readonly length: number } {
  const found = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(condition);
  };
  const place = at + 1;
  const [aSign] = found(sign) ?? [];
  const signKind = signs.get(aSign ?? '');
  if (aSign !== undefined && signKind !== undefined)
    return { kind: signKind, at: place, value: aSign, length: aSign.length };
  const [aWord] = found(word) ?? [];
  if (aWord !== undefined) {
    const kind = logic.get(aWord.toLowerCase()) ?? 'word';
    return { kind, at: place, value: aWord, length: aWord.length };
  }
  const [quoted, value] = found(text) ?? [];
  if (quoted !== undefined && value !== undefined)
    return { kind: 'text', at: place, value, length: quoted.length };
  const [whole, source, name] = found(attribute) ?? [];
  if (whole !== undefined && source !== undefined && name !== undefined)
    return { kind: 'attribute', at: place, value: source, name, length: whole.length };
  throw new ConditionError(place, explain(condition.slice(at, at + 1)));
}

function explain(character: string): string {
  switch (character) {
    case "'":
      return "this text has no end: expected a second ' behind it";
    case '"':
      return "expected a text in single quotes: 'team/app'";
    case '@':
      return 'expected an attribute: @Request[Microsoft.ContainerRegistry/registries/repositories:name]';
    default:
      return `«${character}» has no meaning here`;
  }
}

function skipSpace(condition: string, at: number): number {
  space.lastIndex = at;
  return at + (space.exec(condition)?.[0].length ?? 0);
}
