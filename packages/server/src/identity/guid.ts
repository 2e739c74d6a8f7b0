/** Ids as Azure shows them: the 32 hex digits of a row, with dashes. */
export function toGuid(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The 32 hex digits of a GUID in any case; undefined for a text that is none. */
export function fromGuid(text: string): string | undefined {
  return isGuid(text) ? text.replaceAll('-', '').toLowerCase() : undefined;
}

export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
