/** A tag, `v1.2`: always one that `parseTag` accepted. */
export type Tag = string & { readonly __brand: 'Tag' };

const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Accepts a tag of the OCI distribution spec ("Pulling manifests"): 1 to 128 characters, case kept. */
export function parseTag(text: string): Tag | undefined {
  return tagPattern.test(text) ? (text as Tag) : undefined;
}
