import { parseTag, type Tag } from '@cerulean/oci/tag.ts';
import { deleteReference } from '../../registry/delete-content.ts';
import { listTagAttributes, tagAttributes } from '../../registry/read-attributes.ts';
import { setContentFlags } from '../../registry/set-content-flags.ts';
import { type Exchange, targetOf } from '../exchange.ts';
import { digestOrRefuse, type Handling, type OciHandler, tagInvalid } from '../oci/handling.ts';
import type { Answer } from '../respond.ts';
import { orderedLink, parseAskedPage } from './asked-page.ts';
import { jsonAnswer, ownerJson, tagJson } from './attribute-json.ts';
import { readFlagChanges } from './flag-changes.ts';

/** `GET /acr/v1/{name}/_tags`, of one manifest with `?digest=`. */
export const getTags: OciHandler = async ({ exchange, admission, ports }) => {
  const { name } = targetOf(exchange, 'acrTags');
  const { query } = exchange.url;
  const page = parseAskedPage(query);
  const asked = query.get('digest') || undefined;
  const digest = asked === undefined ? undefined : digestOrRefuse(asked);
  const wanted = { repositoryName: name, digest, page };
  const { tags, next } = await listTagAttributes(ports, admission.registry, wanted);
  const filter = digest === undefined ? {} : { digest };
  const link = orderedLink(`/acr/v1/${name}/_tags`, page, { next, filter });
  return jsonAnswer(200, { ...ownerJson(admission, name), tags: tags.map(tagJson) }, link);
};

/** `GET /acr/v1/{name}/_tags/{tag}` */
export const getTag: OciHandler = async (handling) => show(handling);

/** `PATCH /acr/v1/{name}/_tags/{tag}` */
export const patchTag: OciHandler = async (handling) => {
  const { exchange, actor, ports } = handling;
  const { name, tag } = tagTarget(exchange);
  const change = await readFlagChanges(exchange);
  await setContentFlags(ports, actor, { repositoryName: name, content: { kind: 'tag', tag }, change });
  return show(handling);
};

/** `DELETE /acr/v1/{name}/_tags/{tag}`: the manifest stays (az calls it untag). */
export const deleteTag: OciHandler = async ({ exchange, actor, ports }) => {
  const { name, tag } = tagTarget(exchange);
  const reference = { kind: 'tag', tag } as const;
  const { digest } = await deleteReference(ports, actor, {
    repositoryName: name,
    reference,
    precondition: null,
  });
  return { status: 202, headers: { 'X-Ms-Int-Docker-Content-Digest': digest } };
};

async function show({ exchange, admission, ports }: Handling): Promise<Answer> {
  const { name, tag } = tagTarget(exchange);
  const attributes = await tagAttributes(ports, admission.registry, { repositoryName: name, tag });
  return jsonAnswer(200, { ...ownerJson(admission, name), tag: tagJson(attributes) });
}

/** @throws tag_invalid */
function tagTarget(exchange: Exchange): { readonly name: string; readonly tag: Tag } {
  const target = targetOf(exchange, 'acrTag');
  const tag = parseTag(target.tag);
  if (tag === undefined) throw tagInvalid(target.tag);
  return { name: target.name, tag };
}
