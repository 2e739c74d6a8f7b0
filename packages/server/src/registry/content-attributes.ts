/** What ACR's own interface tells of tags and manifests, and the port that reads it. */
import type { ContentFlags } from './content-flags.ts';

export interface PullFigures {
  /** Behind the truth by `pullCountFlushMs` at the most. */
  readonly pullCount: number;
  /** Milliseconds since the epoch; null when it was never pulled. */
  readonly lastPulledAt: number | null;
}

export interface TagAttributes extends PullFigures {
  readonly name: string;
  readonly digest: string;
  readonly createdAt: number;
  /** When it was last pointed at something. */
  readonly updatedAt: number;
  readonly flags: ContentFlags;
}

export interface ManifestAttributes extends PullFigures {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string | null;
  readonly configMediaType: string | null;
  /** Config and layers; of an index, those of all its images that are in the repository. */
  readonly imageSizeBytes: number;
  readonly architecture: string | null;
  readonly os: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly flags: ContentFlags;
}

/** A child of an index; `platform` as `formatPlatform` writes it. */
export interface ChildReference {
  readonly digest: string;
  readonly platform: string | null;
}

/** By name or digest in byte order, or by the time of the last change and then by name. */
export type ListOrder = 'name' | 'timeasc' | 'timedesc';

/** The place in a list behind which a page begins: a name or digest, and in an order by time its time too. */
export interface ListPlace {
  readonly name: string;
  readonly updatedAt: number;
}

export interface OrderedPage {
  readonly order: ListOrder;
  /** Undefined for the first page. */
  readonly after: ListPlace | undefined;
  readonly limit: number;
}

export interface AttributeReader {
  /** Listed tags, of this digest alone if one is given. */
  listTagAttributes(
    repository: string,
    page: OrderedPage,
    digest: string | undefined,
  ): Promise<TagAttributes[]>;
  tagAttributes(repository: string, tag: string): Promise<TagAttributes | undefined>;
  /** Listed manifests. */
  listManifestAttributes(repository: string, page: OrderedPage): Promise<ManifestAttributes[]>;
  manifestAttributes(repository: string, digest: string): Promise<ManifestAttributes | undefined>;
  /** Tags that point at a manifest, also those that lists leave out, in byte order. */
  tagsOfManifest(repository: string, digest: string, limit: number): Promise<string[]>;
  /** What an index refers to, in byte order of digests. */
  childrenOfManifest(repository: string, digest: string, limit: number): Promise<ChildReference[]>;
}
