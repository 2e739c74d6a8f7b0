import type { ParsedUrl } from './target.ts';

/**
 * The path that the router gets to see: one segment for each part of a target, encoded, whichever way the client wrote
 * it. Handlers read the target itself, so nothing is decoded a second time.
 */
export function canonicalPath({ target, path }: ParsedUrl): string {
  const encode = encodeURIComponent;
  switch (target.kind) {
    case 'base':
      return '/v2/';
    case 'catalog':
      return '/v2/_catalog';
    case 'manifest':
      return `/v2/${encode(target.name)}/manifests/${encode(target.reference.toWellFormed())}`;
    case 'blob':
      return `/v2/${encode(target.name)}/blobs/${encode(target.digest.toWellFormed())}`;
    case 'uploads':
      return `/v2/${encode(target.name)}/blobs/uploads/`;
    case 'upload':
      return `/v2/${encode(target.name)}/blobs/uploads/${encode(target.token.toWellFormed())}`;
    case 'tags':
      return `/v2/${encode(target.name)}/tags/list`;
    case 'referrers':
      return `/v2/${encode(target.name)}/referrers/${encode(target.digest.toWellFormed())}`;
    case 'acrCatalog':
      return '/acr/v1/_catalog';
    case 'acrExplanation':
      return '/acr/v1/_access/explain';
    case 'acrDeleted':
      return '/acr/v1/_deleted';
    case 'acrRepository':
      return `/acr/v1/${encode(target.name)}`;
    case 'acrTags':
      return `/acr/v1/${encode(target.name)}/_tags`;
    case 'acrTag':
      return `/acr/v1/${encode(target.name)}/_tags/${encode(target.tag.toWellFormed())}`;
    case 'acrManifests':
      return `/acr/v1/${encode(target.name)}/_manifests`;
    case 'acrManifest':
      return `/acr/v1/${encode(target.name)}/_manifests/${encode(target.digest.toWellFormed())}`;
    case 'unknown':
    case 'elsewhere':
      return path;
  }
}
