import { type Digest, parseDigest } from './digest.ts';
import { parseTag, type Tag } from './tag.ts';

/** What a manifest is asked for by: `<tag-or-digest>` of the OCI distribution spec. */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

/** Text with a colon can only be a digest, because no tag has one; so a bad digest never becomes a tag. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest === undefined ? undefined : { kind: 'digest', digest };
  }
  const tag = parseTag(text);
  return tag === undefined ? undefined : { kind: 'tag', tag };
}
