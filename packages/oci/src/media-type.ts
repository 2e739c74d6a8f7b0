const essencePattern = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * The essence of a Content-Type, lower-cased and without parameters (RFC 9110 section 8.3.1):
 * `Application/JSON; charset=utf-8` gives `application/json`. Undefined for absent or malformed text.
 */
export function parseMediaType(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const semicolon = header.indexOf(';');
  const essence = (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
  return essencePattern.test(essence) ? essence : undefined;
}
