import type { BlobReader } from '../../registry/blob-bytes.ts';
import type { ContentReader, LentPiece, ReadContent } from '../../registry/blob-content.ts';
import { releaseBytes } from '../../sealing/release-bytes.ts';
import { pageBytes } from './cache-layout.ts';
import type { ContentCache } from './content-cache.ts';
import type { CachedBlob } from './page-key.ts';
import { WholePages } from './whole-pages.ts';

/** Pages that are lent at once: 1 MiB, as large as the pieces that storage brings. */
const pagesAtOnce = 16;

interface CachedContentOptions {
  readonly reader: BlobReader;
  readonly cache: ContentCache;
}

/**
 * Reads content from the cache, and what is not there from storage, of which it offers the cache a copy. While it reads
 * from storage it looks whether the cache has what comes next: many who read a new layer at once read most of it once.
 */
export function cachedContentReader(options: CachedContentOptions): ContentReader {
  return { open: (request) => read(options, request) };
}

async function* read(
  options: CachedContentOptions,
  request: ReadContent,
): AsyncGenerator<LentPiece, void, void> {
  const { sizeBytes, range, signal } = request;
  const blob = options.cache.blob(request.blob, sizeBytes);
  const end = range === undefined ? sizeBytes : range.end + 1;
  let at = range?.start ?? 0;
  while (at < end) {
    signal.throwIfAborted();
    const lent = blob === undefined ? undefined : lendPages(options.cache, blob, { at, end });
    if (lent === undefined) at = yield* readStored(options, request, { blob, at, end });
    else {
      at += lent.lengthBytes;
      yield lent;
    }
  }
}

/** Bytes of a blob: from `at` on, up to and without `end`. */
interface Stretch {
  readonly at: number;
  readonly end: number;
}

function lendPages(
  cache: ContentCache,
  blob: CachedBlob,
  { at, end }: Stretch,
): (LentPiece & { readonly lengthBytes: number }) | undefined {
  const firstPage = Math.floor(at / pageBytes);
  const pinned = cache.pin(blob, firstPage, Math.min(pagesAtOnce, Math.ceil(end / pageBytes) - firstPage));
  if (pinned === undefined) return undefined;
  const buffers = pinned.pages.map((page, index) => {
    const pageAt = (firstPage + index) * pageBytes;
    if (pageAt >= at && pageAt + page.length <= end) return page;
    return page.subarray(Math.max(0, at - pageAt), Math.min(page.length, end - pageAt));
  });
  const lengthBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  return { buffers, lengthBytes, release: () => pinned.release() };
}

/** Reads from storage to the end, or until the cache has what comes next; returns where that is. */
async function* readStored(
  { reader, cache }: CachedContentOptions,
  request: ReadContent,
  { blob, at, end }: Stretch & { readonly blob: CachedBlob | undefined },
): AsyncGenerator<LentPiece, number, void> {
  const { registry, sizeBytes, signal } = request;
  // Whole pages are read, since only those can enter; storage decrypts whole chunks anyway.
  const from = blob === undefined ? at : at - (at % pageBytes);
  const to = blob === undefined ? end : Math.min(sizeBytes, Math.ceil(end / pageBytes) * pageBytes);
  const pages =
    blob === undefined
      ? undefined
      : new WholePages(from, sizeBytes, (page, bytes) => cache.offer(blob, page, bytes));
  const segments = await request.segments();
  let pieceAt = from;
  let next = at;
  for await (const piece of reader.open({
    registry,
    blob: request.blob,
    segments,
    range: { start: from, end: to - 1 },
    signal,
  })) {
    pages?.feed(piece);
    const wanted = piece.subarray(Math.max(0, next - pieceAt), Math.max(0, end - pieceAt));
    pieceAt += piece.length;
    if (wanted.length === 0) continue;
    next += wanted.length;
    yield ownPiece(wanted, piece);
    if (next < end && blob !== undefined && cacheGoesOn(cache, blob, { at: next, end })) return next;
  }
  if (next === end) return next;
  throw new TypeError(`Storage ended before byte ${end} of blob ${request.blob}.`);
}

/** Not for a page or two: to go back to storage costs more than they save. */
function cacheGoesOn(cache: ContentCache, blob: CachedBlob, { at, end }: Stretch): boolean {
  const firstPage = Math.floor(at / pageBytes);
  return cache.holds(blob, firstPage, Math.min(pagesAtOnce, Math.ceil(end / pageBytes) - firstPage));
}

/** What storage brought is the reader's own: large memory goes back at once, small is not worth the call. */
function ownPiece(wanted: Uint8Array, piece: Uint8Array): LentPiece {
  return {
    buffers: [wanted],
    release() {
      if (piece.length >= pageBytes) releaseBytes(piece);
    },
  };
}
