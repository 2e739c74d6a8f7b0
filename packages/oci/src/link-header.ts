/**
 * A Link header to the next page (RFC 8288; OCI distribution spec, "Listing Tags"). The target is a path with
 * its query, so that it works behind any proxy. Characters that could end the target are percent-encoded.
 */
export function nextLink(pathAndQuery: string): string {
  const target = pathAndQuery.toWellFormed().replace(/[^\x21-\x7e]+|[<>"]/g, encodeURIComponent);
  return `<${target}>; rel="next"`;
}

/**
 * The target of the first link whose `rel` holds `next`, or undefined. Text after the first malformed link is
 * not looked at.
 */
export function parseLink(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  let at = 0;
  for (;;) {
    const target = matchAt(/[\s,]*<([^>]*)>/y, header, at);
    if (target === undefined) return undefined;
    at = target.end;
    let relations: string | undefined;
    for (;;) {
      const parameter = matchAt(/\s*;\s*([^\s=;,"]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/y, header, at);
      if (parameter === undefined) break;
      at = parameter.end;
      const [, name, quoted, token] = parameter.groups;
      // Section 3.3: of several rel parameters only the first counts.
      if (name?.toLowerCase() === 'rel') relations ??= quoted?.replace(/\\(.)/g, '$1') ?? token ?? '';
    }
    if (relations?.toLowerCase().split(/\s+/).includes('next')) return target.groups[1];
    if (matchAt(/\s*,/y, header, at) === undefined) return undefined;
  }
}

/** Matches a sticky pattern at one place only, so that the whole header is read once. */
function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { end: number; groups: RegExpExecArray } | undefined {
  pattern.lastIndex = at;
  const groups = pattern.exec(text);
  return groups === null ? undefined : { end: pattern.lastIndex, groups };
}
