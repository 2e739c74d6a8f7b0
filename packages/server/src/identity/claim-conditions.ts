/**
 * What an operator asks of the claims of a token: patterns in which `*` stands for any run of characters, and
 * everything else for itself. No expression of a person's is ever run: a match goes over the text once, piece by piece,
 * and never back.
 */

export interface ClaimCondition {
  /** A claim's name, or the way to one inside others: `kubernetes.io/namespace`. */
  readonly name: string;
  readonly pattern: string;
}

/** A longer value matches nothing. */
const valueCharsMax = 1024;

export function matchesPattern(pattern: string, value: string): boolean {
  if (value.length > valueCharsMax) return false;
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return value === pattern;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = value.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}

/**
 * The texts that a claim has: one, or those of a list. A name that is there as it stands comes first (namespaces of
 * claims are URLs at times); else slashes lead into claims that hold others.
 */
export function claimTexts(claims: object, name: string): readonly string[] {
  const whole = member(claims, name);
  const value = whole === undefined ? name.split('/').reduce<unknown>(member, claims) : whole;
  return [value].flat().flatMap((item) => textOf(item) ?? []);
}

/** Undefined when the claims meet the condition, else why they do not: for the operator's eyes. */
export function unmet({ name, pattern }: ClaimCondition, claims: object): string | undefined {
  const texts = claimTexts(claims, name);
  if (texts.some((text) => matchesPattern(pattern, text))) return undefined;
  if (texts.length === 0) return `it has no claim ${name}`;
  return `its ${name} is «${texts.join(', ').slice(0, 256)}» and not «${pattern}»`;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
