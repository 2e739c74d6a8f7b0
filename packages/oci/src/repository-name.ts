/** A repository's name, `library/ubuntu`: always one that `parseRepositoryName` accepted. */
export type RepositoryName = string & { readonly __brand: 'RepositoryName' };

/** Longest name, in characters, all components and slashes together. */
export const repositoryNameCharsMax = 255;

const namePattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;

/**
 * Accepts a `<name>` of the OCI distribution spec ("Pulling manifests") of at most 255 characters. Separators
 * are mandatory between runs of letters, so the pattern has one way to match and takes linear time; the
 * length is checked first all the same.
 */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  if (text.length > repositoryNameCharsMax) return undefined;
  return namePattern.test(text) ? (text as RepositoryName) : undefined;
}
