/** Where Azure's metadata service (IMDS) hands out tokens. Node's library asks with a slash at the end. */
export const imdsPaths = ['/metadata/identity/oauth2/token', '/metadata/identity/oauth2/token/'] as const;
/** What `IDENTITY_ENDPOINT` names, as on App Service. */
export const identityEndpointPath = '/msi/token';

/**
 * True for a URL as it came whose path is one of these to the letter. What is written in another way is none: a door
 * that serves these alone must not be talked into more.
 */
export function isMetadataUrl(url: string | undefined): boolean {
  const path = (url ?? '').replace(/\?.*$/s, '');
  return path === identityEndpointPath || imdsPaths.some((own) => own === path);
}
