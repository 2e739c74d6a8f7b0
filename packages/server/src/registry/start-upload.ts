import { isDigestAlgorithm } from '@cerulean/oci/digest.ts';
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { UploadIdentity } from './commands.ts';
import { refuseUnwritable } from './content-flags.ts';
import type { Actor, RegistryPorts } from './registry-ports.ts';
import { mintUploadToken } from './upload-token.ts';

/** An upload and the token that is its whole state until bytes come. */
export interface StartedUpload {
  readonly upload: UploadIdentity;
  readonly token: string;
}

/**
 * Starts an upload (OCI end-4a, end-4c). Nothing is written. A locked repository is told of before the bytes come, and
 * decided of when they have come. @throws digest_algorithm_unsupported, operation_disallowed
 */
export async function startUpload(
  ports: Pick<RegistryPorts, 'reader' | 'uploadMac' | 'newId' | 'now'>,
  actor: Actor,
  request: { readonly repositoryName: string; readonly algorithm: string },
): Promise<StartedUpload> {
  if (!isDigestAlgorithm(request.algorithm)) {
    const message =
      'This registry computes sha256 and sha512 digests: choose one of them as digest-algorithm.';
    throw new RegistryError('digest_algorithm_unsupported', message, {
      algorithm: request.algorithm.slice(0, 64),
    });
  }
  const repository = await ports.reader.findRepository(actor.registry.id, request.repositoryName);
  refuseUnwritable(repository?.flags);
  const upload: UploadIdentity = {
    blob: ports.newId(),
    registry: actor.registry.id,
    repositoryName: request.repositoryName,
    principal: actor.principalId,
    algorithm: request.algorithm,
    expiresAt: ports.now() + limits.uploadLifetimeSeconds * 1000,
  };
  return { upload, token: mintUploadToken(upload, await ports.uploadMac.current()) };
}
