import { deleteBlob } from '../../registry/delete-content.ts';
import { targetOf } from '../exchange.ts';
import { digestOrRefuse, type OciHandler } from './handling.ts';

/** `DELETE /v2/<name>/blobs/<digest>` (OCI end-10). */
export const deleteBlobByDigest: OciHandler = async ({ exchange, actor, ports }) => {
  const target = targetOf(exchange, 'blob');
  const digest = digestOrRefuse(target.digest);
  await deleteBlob(ports, actor, { repositoryName: target.name, digest });
  return { status: 202, headers: { 'Docker-Content-Digest': digest } };
};
