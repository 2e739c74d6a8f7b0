/** The JSON of ACR's own interface. Members that ACR does not have: `size`, `pullCount`, `lastPullTime`. */

import type { ChildReference, PullFigures, TagAttributes } from '../../registry/content-attributes.ts';
import type { ContentFlags } from '../../registry/content-flags.ts';
import type { RepositoryRow } from '../../registry/metadata-reader.ts';
import type { ShownManifest } from '../../registry/read-attributes.ts';
import type { Admission } from '../admission.ts';
import { jsonType } from '../oci/errors.ts';
import type { Answer } from '../respond.ts';

/** Whose content it is: what every answer but the catalog begins with. */
export const ownerJson = ({ loginServer }: Pick<Admission, 'loginServer'>, imageName: string) => ({
  registry: loginServer,
  imageName,
});

export const repositoryJson = (repository: RepositoryRow) => ({
  ...times(repository),
  manifestCount: repository.manifestCount,
  tagCount: repository.tagCount,
  size: repository.contentBytes,
  changeableAttributes: flagsJson(repository.flags),
});

export const tagJson = (tag: TagAttributes) => ({
  name: tag.name,
  digest: tag.digest,
  ...times(tag),
  ...pulls(tag),
  // Of Docker Content Trust, which is withdrawn; signatures of today are referrers of the manifest.
  signed: false,
  changeableAttributes: flagsJson(tag.flags),
});

/** Members that do not apply are left out, as ACR leaves them out. */
export const manifestJson = (manifest: ShownManifest) => ({
  digest: manifest.digest,
  imageSize: manifest.imageSizeBytes,
  ...times(manifest),
  ...pulls(manifest),
  ...(manifest.architecture !== null && { architecture: manifest.architecture }),
  ...(manifest.os !== null && { os: manifest.os }),
  mediaType: manifest.mediaType,
  ...(manifest.artifactType !== null && { artifactType: manifest.artifactType }),
  ...(manifest.configMediaType !== null && { configMediaType: manifest.configMediaType }),
  ...(manifest.tags.length > 0 && { tags: manifest.tags }),
  ...(manifest.children !== undefined && { references: manifest.children.map(referenceJson) }),
  changeableAttributes: flagsJson(manifest.flags),
});

/** A whole answer in JSON, with the newline that ACR has behind it. */
export const jsonAnswer = (
  status: number,
  value: Readonly<Record<string, unknown>>,
  headers: Answer['headers'] = {},
): Answer => ({
  status,
  headers: { 'Content-Type': jsonType, ...headers },
  body: `${JSON.stringify(value)}\n`,
});

/** UTC with seven digits of a second, as .NET writes it. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '0000Z');
}

const times = (row: { readonly createdAt: number; readonly updatedAt: number }) => ({
  createdTime: timeText(row.createdAt),
  lastUpdateTime: timeText(row.updatedAt),
});

const pulls = ({ pullCount, lastPulledAt }: PullFigures) => ({
  pullCount,
  ...(lastPulledAt !== null && { lastPullTime: timeText(lastPulledAt) }),
});

const flagsJson = ({ deleteEnabled, writeEnabled, readEnabled, listEnabled }: ContentFlags) => ({
  deleteEnabled,
  writeEnabled,
  readEnabled,
  listEnabled,
});

/** `linux/arm64/v8`, `windows(10.0.17763)/amd64`: see formatPlatform. */
const platformPattern = /^([^/(]+)(?:\(.*\))?\/([^/]+)/;

function referenceJson({ digest, platform }: ChildReference) {
  const [, os, architecture] = platformPattern.exec(platform ?? '') ?? [];
  return { digest, ...(architecture !== undefined && { architecture }), ...(os !== undefined && { os }) };
}
