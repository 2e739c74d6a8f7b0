import { nextLink } from '@cerulean/oci/link-header.ts';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { ListOrder, ListPlace } from '../../registry/content-attributes.ts';
import type { AskedPage } from '../../registry/read-attributes.ts';
import type { HeaderValues } from '../common-headers.ts';
import { parsePage } from '../oci/page-request.ts';

/** The pages of ACR's lists. */
export const acrPages = { defaultCount: limits.pageDefault, maxCount: limits.pageMax } as const;

const orders: Readonly<Record<string, ListOrder>> = {
  '': 'name',
  none: 'name',
  timeasc: 'timeasc',
  timedesc: 'timedesc',
};

/** The parameter of our own Links: when the item that `last` names was changed, so that its place outlives it. */
const lastTimeName = 'lasttime';

/**
 * `n`, `last` and `orderby` of a list of tags or manifests.
 * @throws page_size_invalid, bad_request for an unknown order
 */
export function parseAskedPage(query: URLSearchParams): AskedPage {
  const asked = query.get('orderby') ?? '';
  const order = Object.hasOwn(orders, asked) ? orders[asked] : undefined;
  if (order === undefined) {
    const message = 'orderby may be timeasc, timedesc or none.';
    throw new RegistryError('bad_request', message, { orderby: asked.slice(0, 32) });
  }
  const time = query.get(lastTimeName) ?? '';
  const lastTime = /^\d{1,15}$/.test(time) ? Number(time) : undefined;
  return { ...parsePage(query, acrPages), order, lastTime };
}

/** The Link to the page behind `next`. Clients send its parameters back, whether or not they know them. */
export function orderedLink(
  path: string,
  asked: AskedPage,
  more: { readonly next: ListPlace | undefined; readonly filter?: Readonly<Record<string, string>> },
): HeaderValues {
  const { next, filter = {} } = more;
  if (next === undefined) return {};
  const query = new URLSearchParams({ last: next.name, n: String(asked.limit), ...filter });
  if (asked.order !== 'name') {
    query.set('orderby', asked.order);
    query.set(lastTimeName, String(next.updatedAt));
  }
  return { Link: nextLink(`${path}?${query.toString()}`) };
}
