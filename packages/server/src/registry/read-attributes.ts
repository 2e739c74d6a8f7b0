/** What ACR's own interface shows of repositories, tags and manifests. */
import { manifestKind } from '@cerulean/oci/media-types.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type {
  ChildReference,
  ListOrder,
  ListPlace,
  ManifestAttributes,
  OrderedPage,
  TagAttributes,
} from './content-attributes.ts';
import type { RegistryRow, RepositoryRow } from './metadata-reader.ts';
import { nameUnknown } from './pull-blob.ts';
import type { RegistryPorts } from './registry-ports.ts';

type Ports = Pick<RegistryPorts, 'reader'>;
type Registry = Pick<RegistryRow, 'id'>;

/** The page that a client asks for. */
export interface AskedPage {
  readonly order: ListOrder;
  /** The name or digest behind which it begins. */
  readonly last: string | undefined;
  /** When that was last changed; without it, it is looked up. */
  readonly lastTime: number | undefined;
  readonly limit: number;
}

export interface TagAttributePage {
  readonly tags: readonly TagAttributes[];
  /** Where the next page begins; undefined at the end. */
  readonly next: ListPlace | undefined;
}

/** A manifest with what refers to it and what it refers to. */
export interface ShownManifest extends ManifestAttributes {
  readonly tags: readonly string[];
  /** Undefined for what is no index. */
  readonly children: readonly ChildReference[] | undefined;
}

export interface ManifestAttributePage {
  readonly manifests: readonly ShownManifest[];
  readonly next: ListPlace | undefined;
}

/** @throws name_unknown */
export async function repositoryAttributes(
  ports: Ports,
  registry: Registry,
  name: string,
): Promise<RepositoryRow> {
  const repository = await ports.reader.findRepository(registry.id, name);
  if (repository === undefined) throw nameUnknown(name);
  return repository;
}

/**
 * One page of a repository's listed tags. A tag that is not changed meanwhile is on exactly one of the pages.
 * @throws name_unknown, bad_request for a `last` that is not there, in an order by time and without its time
 */
export async function listTagAttributes(
  ports: Ports,
  registry: Registry,
  wanted: { readonly repositoryName: string; readonly digest: string | undefined; readonly page: AskedPage },
): Promise<TagAttributePage> {
  const { id } = await repositoryAttributes(ports, registry, wanted.repositoryName);
  const page = await placed(wanted.page, (tag) => ports.reader.tagAttributes(id, tag));
  if (page.limit === 0) return { tags: [], next: undefined };
  const more = { ...page, limit: page.limit + 1 };
  const rows = await ports.reader.listTagAttributes(id, more, wanted.digest);
  const tags = rows.slice(0, page.limit);
  return { tags, next: rows.length > tags.length ? tags.at(-1) : undefined };
}

/** @throws name_unknown, tag_unknown */
export async function tagAttributes(
  ports: Ports,
  registry: Registry,
  wanted: { readonly repositoryName: string; readonly tag: string },
): Promise<TagAttributes> {
  const { id } = await repositoryAttributes(ports, registry, wanted.repositoryName);
  const tag = await ports.reader.tagAttributes(id, wanted.tag);
  if (tag === undefined)
    throw new RegistryError('tag_unknown', 'the specified tag does not exist', { Tag: wanted.tag });
  return tag;
}

/**
 * One page of a repository's listed manifests. It is shorter than asked for where its tags and children are too many.
 * @throws name_unknown, bad_request as listTagAttributes
 */
export async function listManifestAttributes(
  ports: Ports,
  registry: Registry,
  wanted: { readonly repositoryName: string; readonly page: AskedPage },
): Promise<ManifestAttributePage> {
  const { id } = await repositoryAttributes(ports, registry, wanted.repositoryName);
  const page = await placed(wanted.page, (digest) => ports.reader.manifestAttributes(id, digest));
  if (page.limit === 0) return { manifests: [], next: undefined };
  const rows = await ports.reader.listManifestAttributes(id, { ...page, limit: page.limit + 1 });
  const manifests: ShownManifest[] = [];
  let items = 0;
  for (const row of rows.slice(0, page.limit)) {
    const shown = await shownManifest(ports, id, row);
    items += shown.tags.length + (shown.children?.length ?? 0);
    if (items > limits.manifestPageItemsMax && manifests.length > 0) break;
    manifests.push(shown);
  }
  const last = manifests.at(-1);
  const more = rows.length > manifests.length && last !== undefined;
  return { manifests, next: more ? { name: last.digest, updatedAt: last.updatedAt } : undefined };
}

/** @throws name_unknown, manifest_unknown */
export async function manifestAttributes(
  ports: Ports,
  registry: Registry,
  wanted: { readonly repositoryName: string; readonly digest: string },
): Promise<ShownManifest> {
  const { repositoryName, digest } = wanted;
  const { id } = await repositoryAttributes(ports, registry, repositoryName);
  const row = await ports.reader.manifestAttributes(id, digest);
  if (row === undefined) {
    const detail = { Name: repositoryName, Revision: digest };
    throw new RegistryError('manifest_unknown', `manifest ${digest} is not found`, detail);
  }
  return shownManifest(ports, id, row);
}

/**
 * Tags that lists leave out are named here: who cleans up takes a manifest without tags for one that nobody needs.
 */
async function shownManifest(
  { reader }: Ports,
  repository: string,
  row: ManifestAttributes,
): Promise<ShownManifest> {
  const most = limits.manifestPageItemsMax;
  const tags = await reader.tagsOfManifest(repository, row.digest, most);
  const isIndex = manifestKind(row.mediaType) === 'index';
  const children = isIndex ? await reader.childrenOfManifest(repository, row.digest, most) : undefined;
  return { ...row, tags, children };
}

/** Finds the place behind which the page begins: in an order by time, that is a time and a name. */
async function placed(
  { order, last, lastTime, limit }: AskedPage,
  find: (name: string) => Promise<{ readonly updatedAt: number } | undefined>,
): Promise<OrderedPage> {
  if (last === undefined) return { order, limit, after: undefined };
  if (order === 'name') return { order, limit, after: { name: last, updatedAt: 0 } };
  const updatedAt = lastTime ?? (await find(last))?.updatedAt;
  if (updatedAt === undefined) {
    const message =
      'There is nothing called as `last` says, so its time is not known: go on by the Link of the page before.';
    throw new RegistryError('bad_request', message, { last: last.slice(0, 160) });
  }
  return { order, limit, after: { name: last, updatedAt } };
}
