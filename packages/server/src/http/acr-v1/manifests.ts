import type { Digest } from '@cerulean/oci/digest.ts';
import { deleteReference } from '../../registry/delete-content.ts';
import { listManifestAttributes, manifestAttributes } from '../../registry/read-attributes.ts';
import { setContentFlags } from '../../registry/set-content-flags.ts';
import { type Exchange, targetOf } from '../exchange.ts';
import { digestOrRefuse, type Handling, type OciHandler } from '../oci/handling.ts';
import type { Answer } from '../respond.ts';
import { orderedLink, parseAskedPage } from './asked-page.ts';
import { jsonAnswer, manifestJson, ownerJson } from './attribute-json.ts';
import { readFlagChanges } from './flag-changes.ts';

/** `GET /acr/v1/{name}/_manifests` */
export const getManifests: OciHandler = async ({ exchange, admission, ports }) => {
  const { name } = targetOf(exchange, 'acrManifests');
  const page = parseAskedPage(exchange.url.query);
  const wanted = { repositoryName: name, page };
  const { manifests, next } = await listManifestAttributes(ports, admission.registry, wanted);
  const link = orderedLink(`/acr/v1/${name}/_manifests`, page, { next });
  return jsonAnswer(200, { ...ownerJson(admission, name), manifests: manifests.map(manifestJson) }, link);
};

/** `GET /acr/v1/{name}/_manifests/{digest}` */
export const getManifest: OciHandler = async (handling) => show(handling);

/** `PATCH /acr/v1/{name}/_manifests/{digest}` */
export const patchManifest: OciHandler = async (handling) => {
  const { exchange, actor, ports } = handling;
  const { name, digest } = manifestTarget(exchange);
  const change = await readFlagChanges(exchange);
  await setContentFlags(ports, actor, {
    repositoryName: name,
    content: { kind: 'manifest', digest },
    change,
  });
  return show(handling);
};

/** `DELETE /acr/v1/{name}/_manifests/{digest}`: its tags go along. */
export const deleteManifest: OciHandler = async ({ exchange, actor, ports }) => {
  const { name, digest } = manifestTarget(exchange);
  const reference = { kind: 'digest', digest } as const;
  await deleteReference(ports, actor, { repositoryName: name, reference, precondition: null });
  return { status: 202 };
};

async function show({ exchange, admission, ports }: Handling): Promise<Answer> {
  const { name, digest } = manifestTarget(exchange);
  const manifest = await manifestAttributes(ports, admission.registry, { repositoryName: name, digest });
  return jsonAnswer(200, { ...ownerJson(admission, name), manifest: manifestJson(manifest) });
}

/** @throws digest_invalid */
function manifestTarget(exchange: Exchange): { readonly name: string; readonly digest: Digest } {
  const { name, digest } = targetOf(exchange, 'acrManifest');
  return { name, digest: digestOrRefuse(digest) };
}
