import { quoteText } from './quote-text.ts';

/** Hash algorithms that the registry computes (OCI image-spec, descriptor.md, registered algorithms). */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** `algorithm:hex`, for example `sha256:e3b0…`: always one that `parseDigest` accepted. */
export type Digest = string & { readonly __brand: 'Digest' };

const hexCharsByAlgorithm = { sha256: 64, sha512: 128 } as const satisfies Record<DigestAlgorithm, number>;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const quotedCharsMax = 40;

/**
 * Accepts exactly the registered forms of sha256 and sha512: lower-case hex of the right length. Other
 * algorithms of the grammar are refused because their content could never be verified.
 */
export function parseDigest(text: string): Digest | undefined {
  return digestPattern.test(text) ? (text as Digest) : undefined;
}

/** Tells algorithms that the registry computes from all other text; case matters. */
export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return Object.hasOwn(hexCharsByAlgorithm, text);
}

/** The part before the colon. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The part after the colon: 64 or 128 characters of lower-case hex. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** One sentence for a client that says why `text` is no digest; quotes at most 40 characters of it. */
export function explainDigest(text: string): string {
  const colon = text.indexOf(':');
  if (colon < 0)
    return `${quoteText(text, quotedCharsMax)} is no digest: it has no "algorithm:" in front of the hex.`;
  const algorithm = text.slice(0, colon);
  if (!isDigestAlgorithm(algorithm)) {
    return `${quoteText(algorithm, quotedCharsMax)} is no digest algorithm of this registry: use sha256 or sha512.`;
  }
  const hex = text.slice(colon + 1);
  const wanted = hexCharsByAlgorithm[algorithm];
  if (hex.length !== wanted)
    return `A ${algorithm} digest has ${wanted} characters of hex, not ${hex.length}.`;
  if (/^[0-9a-fA-F]+$/.test(hex) && hex !== hex.toLowerCase())
    return 'The hex of a digest must be lower case.';
  if (!/^[0-9a-f]+$/.test(hex)) return 'A digest holds characters that are no hex digits (0-9, a-f).';
  return `${algorithm} digest is well formed.`;
}
