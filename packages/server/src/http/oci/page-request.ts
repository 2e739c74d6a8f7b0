import { nextLink } from '@cerulean/oci/link-header.ts';
import { RegistryError } from '../../errors.ts';
import type { PageRequest } from '../../registry/metadata-reader.ts';
import type { HeaderValues } from '../common-headers.ts';

/** How long a page is without `n`, and at the most. */
export interface PageLimits {
  readonly defaultCount: number;
  readonly maxCount: number;
}

/**
 * `n` and `last` of a listing. A larger `n` than the maximum gets the maximum, and a Link to the rest.
 * @throws page_size_invalid for anything but a whole number
 */
export function parsePage(query: URLSearchParams, limits: PageLimits): PageRequest {
  const n = query.get('n') || undefined;
  if (n !== undefined && !/^\d+$/.test(n)) {
    const message = 'invalid number of results requested: n must be a whole number, 0 or more';
    throw new RegistryError('page_size_invalid', message, { n: n.slice(0, 32) });
  }
  return {
    last: query.get('last') || undefined,
    limit: Math.min(Number(n ?? limits.defaultCount), limits.maxCount),
  };
}

/** The Link to the page after this one: a path, so that it works behind any proxy. */
export function linkHeader(
  path: string,
  page: {
    readonly next: string | undefined;
    readonly limit: number;
    readonly more?: Readonly<Record<string, string>>;
  },
): HeaderValues {
  if (page.next === undefined) return {};
  const query = new URLSearchParams({ last: page.next, n: String(page.limit), ...page.more });
  return { Link: nextLink(`${path}?${query.toString()}`) };
}
