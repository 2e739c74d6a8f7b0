import type { PageRequest, RegistryRow } from './metadata-reader.ts';
import { nameUnknown } from './pull-blob.ts';
import type { RegistryPorts } from './registry-ports.ts';

/** One page of names in byte order; `next` is what `last` must be for the page after it, undefined at the end. */
export interface NamePage {
  readonly names: readonly string[];
  readonly next: string | undefined;
}

type Ports = Pick<RegistryPorts, 'reader'>;

/** Repositories of a registry that hold a manifest (`GET /v2/_catalog`). */
export function listRepositories(
  ports: Ports,
  registry: Pick<RegistryRow, 'id'>,
  page: PageRequest,
): Promise<NamePage> {
  return pageOf(page, (more) => ports.reader.listRepositories(registry.id, more));
}

/** The tags of a repository (OCI end-8). @throws name_unknown */
export async function listTags(
  ports: Ports,
  registry: Pick<RegistryRow, 'id'>,
  wanted: { readonly repositoryName: string; readonly page: PageRequest },
): Promise<NamePage> {
  const repository = await ports.reader.findRepository(registry.id, wanted.repositoryName);
  if (repository === undefined) throw nameUnknown(wanted.repositoryName);
  return pageOf(wanted.page, (more) => ports.reader.listTags(repository.id, more));
}

/** Asks for one name more than is shown: so the last page never promises another. */
async function pageOf(page: PageRequest, list: (page: PageRequest) => Promise<string[]>): Promise<NamePage> {
  if (page.limit === 0) return { names: [], next: undefined };
  const names = await list({ last: page.last, limit: page.limit + 1 });
  if (names.length <= page.limit) return { names, next: undefined };
  const shown = names.slice(0, page.limit);
  return { names: shown, next: shown.at(-1) };
}
