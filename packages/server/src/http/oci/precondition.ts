import type { IncomingHttpHeaders } from 'node:http';
import { RegistryError } from '../../errors.ts';
import type { Precondition } from '../../registry/commands.ts';

/**
 * If-Match and `If-None-Match: *` of a PUT or DELETE (RFC 9110 section 13.1): with them two writers can't overwrite each
 * other unknowingly. An entity tag is the digest in quotes. Null when neither is there.
 * @throws bad_request for what is no such header: a condition that is not understood must not count as none
 */
export function parsePrecondition(headers: IncomingHttpHeaders): Precondition | null {
  const ifMatch = headers['if-match']?.trim();
  const ifNoneMatch = headers['if-none-match']?.trim();
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw badCondition('If-None-Match can only be * here: it means that the tag must not exist yet.');
  }
  if (ifMatch === undefined)
    return ifNoneMatch === undefined ? null : { ifMatch: null, ifNoneMatchAny: true };
  return { ifMatch: ifMatch === '*' ? '*' : parseTags(ifMatch), ifNoneMatchAny: ifNoneMatch !== undefined };
}

/** True when one of the entity tags of an If-None-Match is this one, or any will do (weak comparison). */
export function matchesEntityTag(header: string | undefined, digest: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === entityTag(digest));
}

/** Content never changes under its digest, so the digest is its strong entity tag. */
export const entityTag = (digest: string): string => `"${digest}"`;

/** A weak tag never matches strongly (section 8.8.3.2); it is a condition that fails, not a malformed one. */
function parseTags(header: string): string[] {
  return header.split(',').map((part) => {
    const [, weak, opaque] = /^\s*(W\/)?"([\x21\x23-\x7e]*)"\s*$/.exec(part) ?? [];
    if (opaque === undefined)
      throw badCondition('If-Match must be * or digests in double quotes, with commas between.');
    return weak === undefined ? opaque : `W/${opaque}`;
  });
}

const badCondition = (message: string): RegistryError => new RegistryError('bad_request', message);
