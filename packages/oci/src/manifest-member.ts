import { isJsonObject, type JsonObject } from './json-object.ts';
import { invalidMember, ManifestError } from './manifest-error.ts';
import { quoteText } from './quote-text.ts';
import { isStorableText } from './storable-text.ts';

// Readers of single members. A member that is null counts as absent, because programs in Go write nil lists and
// maps that way and read null back as absent.

/** Longest media type, artifact type or name of a platform: RFC 6838 section 4.2 allows 127 characters on each side of "/". */
export const memberTextCharsMax = 255;

/**
 * Absent, or text that a header and an indexed column can carry: at most 255 characters, no control characters, no
 * lone surrogates.
 */
export function textMember(object: JsonObject, name: string, path: string): string | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidMember(path, 'must be a string');
  if (value.length > memberTextCharsMax)
    throw invalidMember(path, `is longer than ${memberTextCharsMax} characters`);
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) throw invalidMember(path, 'holds control characters');
  return value;
}

/** Absent, or a map of strings to strings; the same object, so that a key `__proto__` stays an ordinary key. */
export function stringMapMember(
  object: JsonObject,
  name: string,
  path: string,
): Readonly<Record<string, string>> | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw invalidMember(path, 'must be an object of strings');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw invalidMember(path, `must hold strings only, and ${quoteText(key)} is none`);
    if (!isStorableText(key) || !isStorableText(text)) {
      throw invalidMember(path, `holds a NUL character or half a surrogate pair at ${quoteText(key)}`);
    }
  }
  return value as Readonly<Record<string, string>>;
}

/** Absent, or a list of strings. */
export function stringListMember(
  object: JsonObject,
  name: string,
  path: string,
): readonly string[] | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw invalidMember(path, 'must be a list of strings');
  return value.map((text: unknown, at) => {
    if (typeof text !== 'string' || !isStorableText(text))
      throw invalidMember(`${path}[${at}]`, 'must be a string');
    return text;
  });
}

/**
 * Refuses a member whose name differs from a known one in case only. Go's encoding/json takes `Layers` for
 * `layers`, so such a manifest is one thing to this server and another to most clients (CVE-2021-41190's kin).
 */
export function refuseLookAlikes(object: JsonObject, known: ReadonlyMap<string, string>, path: string): void {
  for (const name of Object.keys(object)) {
    const meant = known.get(folded(name));
    if (meant === undefined || meant === name) continue;
    const member = `${path}${name}`;
    throw new ManifestError(
      'manifest_ambiguous',
      `Member ${quoteText(member)} is ${meant} to some clients.`,
      member,
    );
  }
}

/** Names by their folded form, for `refuseLookAlikes`. */
export function foldedNames(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [folded(name), name]));
}

/** Folds as Go does: the long s equals s (seen after upper-casing), the Kelvin sign equals k (after lower-casing). */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}
