import { deleteBlobByDigest } from './blobs.ts';
import { getCatalog } from './catalog.ts';
import { jsonType } from './errors.ts';
import type { OciHandler } from './handling.ts';
import { deleteManifestByReference, putManifestByReference } from './manifests.ts';
import { getReferrers } from './referrers.ts';
import type { OciOperation } from './routes.ts';
import { getTags } from './tags.ts';
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from './uploads.ts';

/** `GET /v2/` (OCI end-1): whoever gets here is logged in. */
const getBase: OciHandler = async () => ({ status: 200, headers: { 'Content-Type': jsonType }, body: '{}' });

/** Operations that the lean way serves have no handler here, and can't have a second one. */
export const ociHandlers = {
  'oci.end-1': getBase,
  'oci.end-4': postUpload,
  'oci.end-5': patchUpload,
  'oci.end-6': putUpload,
  'oci.end-7': putManifestByReference,
  'oci.end-8': getTags,
  'oci.end-9': deleteManifestByReference,
  'oci.end-10': deleteBlobByDigest,
  'oci.end-12': getReferrers,
  'oci.end-13': getUpload,
  'oci.end-14': deleteUpload,
  'oci.catalog': getCatalog,
} as const satisfies Record<Exclude<OciOperation, 'oci.end-2' | 'oci.end-3'>, OciHandler>;

/** An operation that Fastify serves. */
export type HandledOperation = keyof typeof ociHandlers;
