import { expectStatus, type RegistryClient } from '../process/registry-client.ts';

/** One answer of a listing. */
export interface Page {
  readonly items: readonly string[];
  /** Path and query of the page after it; undefined on the last. */
  readonly next: string | undefined;
}

export interface Walk {
  readonly path: string;
  /** What is listed in the body. */
  readonly itemsOf: (body: unknown) => readonly string[];
  /** More pages than that are an endless walk. */
  readonly pagesMax: number;
  /** Called after each page that has another behind it. */
  readonly between: (page: Page, index: number) => Promise<void>;
}

/** Follows the Links from page to page and answers all pages. @throws when it never ends */
export async function walkPages(client: RegistryClient, walk: Walk): Promise<Page[]> {
  const pages: Page[] = [];
  let path: string | undefined = walk.path;
  while (path !== undefined) {
    if (pages.length >= walk.pagesMax) throw new Error(`The walk from ${walk.path} does not end.`);
    const reply = await client.get(path);
    expectStatus(reply, 200);
    const page = { items: walk.itemsOf(JSON.parse(reply.text)), next: nextOf(reply.headers['link']) };
    pages.push(page);
    if (page.next !== undefined) await walk.between(page, pages.length);
    path = page.next;
  }
  return pages;
}

function nextOf(link: string | string[] | undefined): string | undefined {
  if (link === undefined) return undefined;
  const next = /^<(\/[^>]+)>; rel="next"$/.exec(String(link))?.[1];
  if (next === undefined) throw new Error(`A Link that leads nowhere: ${String(link)}`);
  return next;
}
