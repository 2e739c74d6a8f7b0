import { deleteRepository } from '../../registry/delete-content.ts';
import { listRepositories } from '../../registry/listings.ts';
import { repositoryAttributes } from '../../registry/read-attributes.ts';
import { setContentFlags } from '../../registry/set-content-flags.ts';
import { targetOf } from '../exchange.ts';
import type { Handling, OciHandler } from '../oci/handling.ts';
import { linkHeader, parsePage } from '../oci/page-request.ts';
import type { Answer } from '../respond.ts';
import { acrPages } from './asked-page.ts';
import { jsonAnswer, ownerJson, repositoryJson } from './attribute-json.ts';
import { readFlagChanges } from './flag-changes.ts';

/** `GET /acr/v1/_catalog`: the same list as that of `/v2/_catalog`. */
export const getCatalog: OciHandler = async ({ exchange, admission, ports }) => {
  const page = parsePage(exchange.url.query, acrPages);
  const { names, next } = await listRepositories(ports, admission.registry, page);
  const link = linkHeader('/acr/v1/_catalog', { next, limit: page.limit });
  return jsonAnswer(200, { repositories: names }, link);
};

/** `GET /acr/v1/{name}` */
export const getRepository: OciHandler = async (handling) => show(handling);

/** `PATCH /acr/v1/{name}` */
export const patchRepository: OciHandler = async (handling) => {
  const { exchange, actor, ports } = handling;
  const { name } = targetOf(exchange, 'acrRepository');
  const change = await readFlagChanges(exchange);
  await setContentFlags(ports, actor, { repositoryName: name, content: { kind: 'repository' }, change });
  return show(handling);
};

/** `DELETE /acr/v1/{name}` */
export const deleteRepositoryByName: OciHandler = async ({ exchange, actor, ports }) => {
  const { name } = targetOf(exchange, 'acrRepository');
  const { manifests, tags } = await deleteRepository(ports, actor, name);
  return jsonAnswer(202, { manifestsDeleted: manifests, tagsDeleted: tags });
};

async function show({ exchange, admission, ports }: Handling): Promise<Answer> {
  const { name } = targetOf(exchange, 'acrRepository');
  const repository = await repositoryAttributes(ports, admission.registry, name);
  return jsonAnswer(200, { ...ownerJson(admission, name), ...repositoryJson(repository) });
}
