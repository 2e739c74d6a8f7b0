/** Text between two stars: the codes of its characters, undefined for `?`. */
type Segment = readonly (number | undefined)[];

/**
 * The test of `StringLike`: `*` stands for any text, `?` for one character, and `\*` and `\?` for themselves. No
 * expression is made of the pattern and nothing is tried twice: each piece between stars is taken where it first fits,
 * which is right because a star takes whatever is between.
 */
export function likePattern(pattern: string): (text: string) => boolean {
  const [first = [], ...rest] = segmentsOf(pattern);
  const last = rest.pop();
  if (last === undefined) return (text) => text.length === first.length && fits(first, text, 0);
  const least = [first, ...rest, last].reduce((sum, segment) => sum + segment.length, 0);
  return (text) => {
    const end = text.length - last.length;
    // Also keeps a long pattern from being looked for in a short name.
    if (text.length < least || !fits(first, text, 0) || !fits(last, text, end)) return false;
    let at = first.length;
    for (const segment of rest) {
      at = find(segment, text, { from: at, end });
      if (at < 0) return false;
    }
    return at <= end;
  };
}

function segmentsOf(pattern: string): Segment[] {
  const segments: (number | undefined)[][] = [[]];
  for (let at = 0; at < pattern.length; at += 1) {
    const escaped = pattern[at] === '\\' && (pattern[at + 1] === '*' || pattern[at + 1] === '?');
    if (escaped) at += 1;
    if (pattern[at] === '*' && !escaped) segments.push([]);
    else segments.at(-1)?.push(pattern[at] === '?' && !escaped ? undefined : pattern.charCodeAt(at));
  }
  return segments;
}

function fits(segment: Segment, text: string, at: number): boolean {
  return segment.every((code, index) => code === undefined || text.charCodeAt(at + index) === code);
}

/** The place behind the first fit, or -1. */
function find(segment: Segment, text: string, { from, end }: { from: number; end: number }): number {
  for (let at = from; at + segment.length <= end; at += 1)
    if (fits(segment, text, at)) return at + segment.length;
  return -1;
}
