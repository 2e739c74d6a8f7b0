import { limits } from '../../limits.ts';
import { listRepositories } from '../../registry/listings.ts';
import { jsonType } from './errors.ts';
import type { OciHandler } from './handling.ts';
import { linkHeader, parsePage } from './page-request.ts';

/** The pages of names: tags and repositories. */
export const namePages = { defaultCount: limits.pageDefault, maxCount: limits.pageMax } as const;

/** `GET /v2/_catalog`: repositories that hold a manifest, in byte order. */
export const getCatalog: OciHandler = async ({ exchange, admission, ports }) => {
  const page = parsePage(exchange.url.query, namePages);
  const { names, next } = await listRepositories(ports, admission.registry, page);
  return {
    status: 200,
    headers: { 'Content-Type': jsonType, ...linkHeader('/v2/_catalog', { next, limit: page.limit }) },
    body: `${JSON.stringify({ repositories: names })}\n`,
  };
};
