/** Bytes `start` to `end` of a representation, both counted from 0 and both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How many ranges one request may name; with more of them the header is ignored. */
export interface RangeLimits {
  readonly rangesMax: number;
}

/** RFC 9110 section 14.2 calls more than two overlapping ranges a sign of an attack or a broken client. */
const overlappingRangesMax = 2;

/**
 * What a Range header asks of a representation of `sizeBytes` (RFC 9110 section 14).
 *
 * - `'ignore'`: absent, another unit, malformed or too many ranges; answer 200 with everything.
 * - `'unsatisfiable'`: answer 416. An inverted range (`500-0`) counts as such, because section 14.2 lets a
 *   server reject it and the OCI conformance suite expects 416.
 * - Otherwise the satisfiable ranges in the order asked, clipped to the size. When more than two of them
 *   overlap they come merged and ascending, so that the sum of their lengths never exceeds twice the size.
 *
 * `<pos>-` without `bytes=` is accepted too: Azure's SDK resumes a download that way.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
  limits: RangeLimits,
): ByteRange[] | 'ignore' | 'unsatisfiable' {
  const specs = rangeSpecs(header, limits.rangesMax);
  if (specs === undefined) return 'ignore';
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = resolve(spec, sizeBytes);
    if (range !== undefined) ranges.push(range);
  }
  if (ranges.length === 0) return 'unsatisfiable';
  return overlappingCount(ranges) > overlappingRangesMax ? coalesce(ranges) : ranges;
}

/**
 * The range of an upload's chunk: `0-99` (OCI distribution spec, "Pushing a blob in chunks"), or
 * `bytes 0-99/*` and `bytes 0-99/100` (RFC 9110 section 14.4). Undefined when malformed, inverted, beyond
 * its own total or not exactly representable.
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = /^(?:(\d+)-(\d+)|bytes (\d+)-(\d+)\/(\d+|\*))$/i.exec(header.trim());
  if (match === null) return undefined;
  const start = Number(match[1] ?? match[3]);
  const end = Number(match[2] ?? match[4]);
  const total = match[5] === undefined || match[5] === '*' ? Number.POSITIVE_INFINITY : Number(match[5]);
  if (!Number.isSafeInteger(end) || start > end || end >= total) return undefined;
  return { start, end };
}

/** A Content-Range: `bytes 0-99/100` for a 206; without a range, for a 416, an asterisk stands in its place. */
export function formatContentRange(range: ByteRange | undefined, sizeBytes: number): string {
  return range === undefined ? `bytes */${sizeBytes}` : `bytes ${range.start}-${range.end}/${sizeBytes}`;
}

/** As sent: a first position without a last one runs to the end, a last one alone is a suffix's length. */
interface RangeSpec {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

function rangeSpecs(header: string | undefined, rangesMax: number): RangeSpec[] | undefined {
  if (header === undefined) return undefined;
  const equals = header.indexOf('=');
  const set = equals < 0 ? header.trim() : header.slice(equals + 1);
  if (equals < 0 && !/^\d+-$/.test(set)) return undefined;
  if (equals >= 0 && header.slice(0, equals).trimStart().toLowerCase() !== 'bytes') return undefined;
  const specs: RangeSpec[] = [];
  for (const element of set.split(',')) {
    const text = element.trim();
    if (text === '') continue; // Section 5.6.1: a recipient ignores empty elements of a list.
    const match = /^(\d*)-(\d*)$/.exec(text);
    if (match === null || text === '-' || specs.length === rangesMax) return undefined;
    specs.push({ first: position(match[1]), last: position(match[2]) });
  }
  return specs.length === 0 ? undefined : specs;
}

/** Digits beyond the exact integers lose precision, but stay larger than any size, which is all that matters. */
function position(digits: string | undefined): number | undefined {
  return digits === undefined || digits === '' ? undefined : Number(digits);
}

function resolve(spec: RangeSpec, sizeBytes: number): ByteRange | undefined {
  const { first, last } = spec;
  const end = first === undefined || last === undefined ? sizeBytes - 1 : Math.min(last, sizeBytes - 1);
  const start = first ?? Math.max(0, sizeBytes - (last ?? 0));
  return start <= end ? { start, end } : undefined;
}

/** Counts the ranges that share a byte with at least one other. */
function overlappingCount(ranges: readonly ByteRange[]): number {
  const overlapping = new Set<ByteRange>();
  let reaching: ByteRange | undefined;
  for (const range of ascending(ranges)) {
    if (reaching !== undefined && range.start <= reaching.end) overlapping.add(reaching).add(range);
    if (reaching === undefined || range.end > reaching.end) reaching = range;
  }
  return overlapping.size;
}

function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of ascending(ranges)) {
    const previous = merged.at(-1);
    if (previous === undefined || range.start > previous.end + 1) merged.push(range);
    else merged[merged.length - 1] = { start: previous.start, end: Math.max(previous.end, range.end) };
  }
  return merged;
}

function ascending(ranges: readonly ByteRange[]): ByteRange[] {
  return ranges.toSorted((a, b) => a.start - b.start);
}
