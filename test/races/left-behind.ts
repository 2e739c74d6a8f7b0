/** What a server has left in its data folder, looked at when it does not run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { objectFiles } from '../process/scratch-folder.ts';

export interface LeftBehind {
  /** Uploads that nobody has ended. */
  readonly openUploads: number;
  /** Objects on the disk that neither a segment nor the trash names. */
  readonly objectsWithoutRow: readonly string[];
  /** Objects that a segment names and that are not on the disk. */
  readonly objectsMissing: readonly string[];
  /** Segments of no blob and of no open upload. */
  readonly segmentsWithoutOwner: number;
  /** Blobs whose segments are not exactly their bytes, one after the other. */
  readonly blobsWithGaps: readonly string[];
  /** Objects that segments of several blobs name. */
  readonly sharedObjects: readonly string[];
}

interface SegmentRow {
  readonly blob: string;
  readonly start: number;
  readonly length: number;
  readonly object: string | null;
}

/** Only while no server runs: a second look into the files of a database that is open breaks its locks. */
export async function leftBehind(data: string): Promise<LeftBehind> {
  using database = new DatabaseSync(join(data, 'cerulean.db'), { readOnly: true });
  const all = <Row>(sql: string): Row[] => database.prepare(sql).all() as unknown as Row[];
  const segments = all<SegmentRow>('select blob, start, length, object from segment order by blob, start');
  const blobs = all<{ id: string; size: number }>('select id, size from blob');
  const uploads = all<{ blob: string; byte_offset: number }>(
    "select blob, byte_offset from upload where state = 'open'",
  );
  const sizes = new Map([
    ...blobs.map(({ id, size }) => [id, size] as const),
    ...uploads.map(({ blob, byte_offset }) => [blob, byte_offset] as const),
  ]);
  const ownersOf = Map.groupBy(
    segments.filter(({ object }) => object !== null),
    ({ object }) => object ?? '',
  );
  const trash = all<{ object: string }>('select object from trash').map(({ object }) => object);
  const files = (await objectFiles(data)).map((file) => file.slice(-32));
  const known = new Set([...ownersOf.keys(), ...trash]);
  return {
    openUploads: uploads.length,
    objectsWithoutRow: files.filter((object) => !known.has(object)),
    objectsMissing: [...ownersOf.keys()].filter(
      (object) => !existsSync(join(data, 'blobs', object.slice(0, 2), object)),
    ),
    segmentsWithoutOwner: segments.filter(({ blob }) => !sizes.has(blob)).length,
    blobsWithGaps: [...sizes].filter(([blob, size]) => endOf(segments, blob) !== size).map(([blob]) => blob),
    sharedObjects: [...ownersOf]
      .filter(([, owners]) => new Set(owners.map(({ blob }) => blob)).size > 1)
      .map(([object]) => object),
  };
}

/** Where segments that follow on each other from 0 on end; -1 when they don't. */
function endOf(segments: readonly SegmentRow[], blob: string): number {
  let end = 0;
  for (const segment of segments) {
    if (segment.blob !== blob) continue;
    if (segment.start !== end) return -1;
    end += segment.length;
  }
  return end;
}
