import { mediaTypes } from '@cerulean/oci/media-types.ts';
import { limits } from '../../limits.ts';
import { listReferrers } from '../../registry/referrers.ts';
import { targetOf } from '../exchange.ts';
import { digestOrRefuse, type OciHandler } from './handling.ts';
import { linkHeader, parsePage } from './page-request.ts';

const pages = { defaultCount: limits.referrersPageMax, maxCount: limits.referrersPageMax } as const;

/** `GET /v2/<name>/referrers/<digest>` (OCI end-12): an image index of what has this subject. */
export const getReferrers: OciHandler = async ({ exchange, admission, ports }) => {
  const { name, digest } = targetOf(exchange, 'referrers');
  const subject = digestOrRefuse(digest);
  const { query } = exchange.url;
  const artifactType = query.get('artifactType') || undefined;
  const page = parsePage(query, pages);
  const wanted = { repositoryName: name, subject, artifactType, page };
  const { manifests, next } = await listReferrers(ports, admission.registry, wanted);
  const more = artifactType === undefined ? {} : { artifactType };
  return {
    status: 200,
    headers: {
      'Content-Type': mediaTypes.ociIndex,
      ...(artifactType !== undefined && { 'OCI-Filters-Applied': 'artifactType' }),
      ...linkHeader(`/v2/${name}/referrers/${subject}`, { next, limit: page.limit, more }),
    },
    body: JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
  };
};
