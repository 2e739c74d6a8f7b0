import type { Digest } from '@cerulean/oci/digest.ts';
import type { Reference } from '@cerulean/oci/reference.ts';
import type { Precondition } from './commands.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';

type Ports = Pick<RegistryPorts, 'bus' | 'newId' | 'now'>;

/**
 * Removes a tag, or a manifest with every tag that points at it (OCI end-9).
 * Answers what the tag pointed at.
 * @throws name_unknown, tag_unknown, manifest_unknown, manifest_referenced, precondition_failed, operation_disallowed
 */
export async function deleteReference(
  ports: Ports,
  actor: Actor,
  request: {
    readonly repositoryName: string;
    readonly reference: Reference;
    readonly precondition: Precondition | null;
  },
): Promise<{ readonly digest: string }> {
  const { repositoryName, reference, precondition } = request;
  const target = { registry: actor.registry.id, repositoryName, precondition };
  if (reference.kind === 'tag') {
    return ports.bus.execute('deleteTag', { ...target, tag: reference.tag }, commandOptions(ports, actor));
  }
  const { digest } = reference;
  await ports.bus.execute('deleteManifest', { ...target, digest }, commandOptions(ports, actor));
  return { digest };
}

/**
 * Removes a repository with everything in it; answers what that was.
 * @throws name_unknown, operation_disallowed
 */
export async function deleteRepository(
  ports: Ports,
  actor: Actor,
  repositoryName: string,
): Promise<{ readonly manifests: readonly string[]; readonly tags: readonly string[] }> {
  const input = { registry: actor.registry.id, repositoryName };
  return ports.bus.execute('deleteRepository', input, commandOptions(ports, actor));
}

/** Takes a blob out of a repository; others that link it keep it (OCI end-10). @throws blob_unknown, blob_referenced */
export async function deleteBlob(
  ports: Ports,
  actor: Actor,
  request: { readonly repositoryName: string; readonly digest: Digest },
): Promise<void> {
  const input = { registry: actor.registry.id, ...request };
  await ports.bus.execute('unlinkBlob', input, commandOptions(ports, actor));
}
