/** Media types that the registry acts upon; all others are content to it (OCI image-spec, media-types.md). */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  /** Of release candidates of OCI 1.1; withdrawn, and still in use by some clients. */
  ociArtifactManifest: 'application/vnd.oci.artifact.manifest.v1+json',
  /** The predecessor of the OCI artifact manifest, in the Accept header of Azure's clients. */
  orasArtifactManifest: 'application/vnd.cncf.oras.artifact.manifest.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

/** The shapes a manifest can have; schema 1 is recognised in order to be refused. */
export type ManifestKind = 'image' | 'index' | 'artifact' | 'schema1';

const kinds: ReadonlyMap<string, ManifestKind> = new Map([
  [mediaTypes.ociManifest, 'image'],
  [mediaTypes.dockerManifest, 'image'],
  [mediaTypes.ociIndex, 'index'],
  [mediaTypes.dockerList, 'index'],
  [mediaTypes.ociArtifactManifest, 'artifact'],
  [mediaTypes.orasArtifactManifest, 'artifact'],
  [mediaTypes.dockerSchema1, 'schema1'],
  [mediaTypes.dockerSchema1Signed, 'schema1'],
]);

/** The shape that a media type (lower case, without parameters) promises; undefined when it is no manifest's. */
export function manifestKind(mediaType: string): ManifestKind | undefined {
  return kinds.get(mediaType);
}
