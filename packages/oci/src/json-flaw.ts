/** What makes a JSON text unfit although a lenient parser takes it. */
export type JsonFlaw =
  | { readonly kind: 'too_deep'; readonly depth: number }
  | { readonly kind: 'duplicate_key'; readonly key: string; readonly depth: number };

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Finds the first object with a key twice, or the first value nested deeper than `depthMax` (the outermost
 * object or array has depth 1). JSON.parse keeps the last of two equal keys and others the first, so two
 * readers of one text could see two documents.
 *
 * One pass in linear time, and safe to run before JSON.parse on text that is no JSON at all: what is reported
 * then is arbitrary, and the text is refused either way.
 */
export function findJsonFlaw(text: string, depthMax: number): JsonFlaw | undefined {
  /** The keys seen in each open object; undefined stands for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let keyIsNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case openBrace:
        open.push(new Set());
        keyIsNext = true;
        break;
      case openBracket:
        open.push(undefined);
        keyIsNext = false;
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        keyIsNext = false;
        break;
      case comma:
        keyIsNext = open.at(-1) !== undefined;
        break;
      case quote: {
        const end = stringEnd(text, at);
        const keys = keyIsNext ? open.at(-1) : undefined;
        const key = keys && unescape(text.slice(at, end + 1));
        if (key !== undefined && keys?.has(key)) return { kind: 'duplicate_key', key, depth: open.length };
        if (key !== undefined) keys?.add(key);
        keyIsNext = false;
        at = end;
        break;
      }
    }
    if (open.length > depthMax) return { kind: 'too_deep', depth: open.length };
  }
  return undefined;
}

/** The place of the closing quote, or of the last character when there is none. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === quote) return at;
  }
  return text.length - 1;
}

/** Keys are compared as they read, so that `a` and `\u0061` are the same; undefined when the text is no string. */
function unescape(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
