import { parseRepositoryName, type RepositoryName } from '@cerulean/oci/repository-name.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';

/**
 * What a request's URL names. It is parsed once, here, for both ways through the server, so that the router, the
 * access decision and the storage can't disagree about a name. Text that is no name yet (references, digests, tokens) is decoded.
 */
export type Target =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'manifest'; readonly name: RepositoryName; readonly reference: string }
  | { readonly kind: 'blob'; readonly name: RepositoryName; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: RepositoryName }
  | { readonly kind: 'upload'; readonly name: RepositoryName; readonly token: string }
  | { readonly kind: 'tags'; readonly name: RepositoryName }
  | { readonly kind: 'referrers'; readonly name: RepositoryName; readonly digest: string }
  | { readonly kind: 'acrCatalog' }
  | { readonly kind: 'acrRepository'; readonly name: RepositoryName }
  | { readonly kind: 'acrTags'; readonly name: RepositoryName }
  | { readonly kind: 'acrTag'; readonly name: RepositoryName; readonly tag: string }
  | { readonly kind: 'acrManifests'; readonly name: RepositoryName }
  | { readonly kind: 'acrManifest'; readonly name: RepositoryName; readonly digest: string }
  /** `/acr/v1/_access/explain` */
  | { readonly kind: 'acrExplanation' }
  /** Everything below `/acr/v1/_deleted`. */
  | { readonly kind: 'acrDeleted' }
  /** Below `/v2/` or `/acr/v1/`, and nothing that there is. */
  | { readonly kind: 'unknown' }
  /** Below neither: other surfaces look at the path themselves. */
  | { readonly kind: 'elsewhere' };

export type TargetKind = Target['kind'];

export interface ParsedUrl {
  readonly target: Target;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Most requests have no query, and few of those that have one are asked for it. */
class SplitUrl implements ParsedUrl {
  readonly target: Target;
  readonly path: string;
  readonly #queryText: string;
  #query: URLSearchParams | undefined;

  constructor(target: Target, path: string, queryText: string) {
    this.target = target;
    this.path = path;
    this.#queryText = queryText;
  }

  get query(): URLSearchParams {
    if (this.#queryText === '') return noQuery;
    this.#query ??= new URLSearchParams(this.#queryText);
    return this.#query;
  }
}

const noQuery = new URLSearchParams();

/** What stands for the URL of a request whose own can't be read. */
export const noUrl: ParsedUrl = new SplitUrl({ kind: 'elsewhere' }, '', '');

/**
 * Reads a request's URL. Repository names come with slashes as they are, or as one segment with `%2F`, and are decoded
 * exactly once. `host` is the Host header: a URL in absolute form must name the same.
 * @throws name_invalid, url_too_long, bad_request
 */
export function parseUrl(url: string, host: string | undefined): ParsedUrl {
  if (url.length > limits.urlBytesMax) {
    throw new RegistryError('url_too_long', `The URL is longer than ${limits.urlBytesMax} bytes.`, {
      maxBytes: limits.urlBytesMax,
    });
  }
  const local = originForm(url, host);
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  // A fragment is never sent; where one is, it is a part of the last value, as any other character.
  return new SplitUrl(parsePath(path), path, mark < 0 ? '' : local.slice(mark + 1));
}

function originForm(url: string, host: string | undefined): string {
  if (url.startsWith('/')) return url;
  const absolute = /^https?:\/\/([^/?#]+)(\/[^#]*)$/i.exec(url);
  if (absolute?.[1]?.toLowerCase() !== host?.toLowerCase() || absolute?.[2] === undefined) {
    throw new RegistryError(
      'bad_request',
      'The request target must be a path, or name the same host as the Host header.',
    );
  }
  return absolute[2];
}

const root = '/v2/';

function parsePath(path: string): Target {
  if (path === root || path === '/v2') return { kind: 'base' };
  if (path.startsWith(acrPrefix)) return parseAcrPath(path.slice(acrPrefix.length).split('/'));
  if (!path.startsWith(root)) return { kind: 'elsewhere' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  // From the end: a repository may itself be called `manifests` or `blobs/uploads`.
  const lastSlash = path.lastIndexOf('/');
  const parentSlash = path.lastIndexOf('/', lastSlash - 1);
  const last = path.slice(lastSlash + 1);
  const parent = path.slice(parentSlash + 1, lastSlash);
  switch (parent) {
    case 'manifests':
      return { kind: 'manifest', name: nameUntil(path, parentSlash), reference: decode(last) };
    case 'blobs':
      if (last === 'uploads') return { kind: 'uploads', name: nameUntil(path, parentSlash) };
      return { kind: 'blob', name: nameUntil(path, parentSlash), digest: decode(last) };
    case 'referrers':
      return { kind: 'referrers', name: nameUntil(path, parentSlash), digest: decode(last) };
    case 'tags':
      if (last !== 'list') return { kind: 'unknown' };
      return { kind: 'tags', name: nameUntil(path, parentSlash) };
    case 'uploads':
      return parseUpload(path, parentSlash, last);
    default:
      return { kind: 'unknown' };
  }
}

/** The name that stands between `/v2/` and this slash. */
const nameUntil = (path: string, slash: number): RepositoryName =>
  repositoryName(path.slice(root.length, slash));

/** `<name>/blobs/uploads/<token>`, where the slash before `uploads` is known. */
function parseUpload(path: string, uploadsSlash: number, token: string): Target {
  const blobsSlash = path.lastIndexOf('/', uploadsSlash - 1);
  if (path.slice(blobsSlash + 1, uploadsSlash) !== 'blobs') return { kind: 'unknown' };
  const name = nameUntil(path, blobsSlash);
  return token === '' ? { kind: 'uploads', name } : { kind: 'upload', name, token: decode(token) };
}

const acrPrefix = '/acr/v1/';

/** ACR's own words begin with `_`, which no part of a repository's name does. */
function parseAcrPath(parts: readonly string[]): Target {
  const [parent = '', last = ''] = [parts.at(-2), parts.at(-1)];
  const name = nameBefore(parts);
  if (parts[0] === '_deleted') return { kind: 'acrDeleted' };
  if (parts.length === 2 && parent === '_access' && last === 'explain') return { kind: 'acrExplanation' };
  if (parts.length === 1 && last === '_catalog') return { kind: 'acrCatalog' };
  if (last === '_tags') return { kind: 'acrTags', name: name(1) };
  if (last === '_manifests') return { kind: 'acrManifests', name: name(1) };
  if (parent === '_tags') return { kind: 'acrTag', name: name(2), tag: decode(last) };
  if (parent === '_manifests') return { kind: 'acrManifest', name: name(2), digest: decode(last) };
  if (last === '' || parts.some((part) => part.startsWith('_'))) return { kind: 'unknown' };
  return { kind: 'acrRepository', name: repositoryName(parts.join('/')) };
}

/** The name that stands before so many parts at the end. */
const nameBefore =
  (parts: readonly string[]) =>
  (tail: number): RepositoryName =>
    repositoryName(parts.slice(0, -tail).join('/'));

/** `..`, `//`, NUL, backslashes and what is still encoded after one decoding are no letters of a name. */
function repositoryName(encoded: string): RepositoryName {
  const text = decode(encoded);
  const name = parseRepositoryName(text);
  if (name !== undefined) return name;
  const rule =
    'lower-case letters, digits and single separators (. _ __ -) between them, in parts with / between, at most 255 characters';
  throw new RegistryError('name_invalid', `invalid repository name: it must be ${rule}`, {
    name: text.slice(0, 64),
  });
}

/** What can't be decoded stays as it is, and then is neither a name nor a tag nor a digest. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}
