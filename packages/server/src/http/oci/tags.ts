import { listTags } from '../../registry/listings.ts';
import { targetOf } from '../exchange.ts';
import { namePages } from './catalog.ts';
import { jsonType } from './errors.ts';
import type { OciHandler } from './handling.ts';
import { linkHeader, parsePage } from './page-request.ts';

/** `GET /v2/<name>/tags/list` (OCI end-8): tags in byte order. */
export const getTags: OciHandler = async ({ exchange, admission, ports }) => {
  const { name } = targetOf(exchange, 'tags');
  const page = parsePage(exchange.url.query, namePages);
  const { names, next } = await listTags(ports, admission.registry, { repositoryName: name, page });
  return {
    status: 200,
    headers: {
      'Content-Type': jsonType,
      ...linkHeader(`/v2/${name}/tags/list`, { next, limit: page.limit }),
    },
    body: `${JSON.stringify({ name, tags: names })}\n`,
  };
};
