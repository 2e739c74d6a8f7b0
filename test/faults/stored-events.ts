import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { absent, type Place, present, registerName, type State } from './registers.ts';

/** An event as it is stored. */
export interface StoredEvent {
  readonly registry: string;
  readonly number: number;
  readonly kind: string;
  readonly repository: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly userAgent: string;
}

/** What a database says by itself, beside what its server answers. */
export interface StoredFacts {
  readonly events: readonly StoredEvent[];
  /** What is wrong within the database. */
  readonly flaws: readonly string[];
}

/**
 * Reads a copy of the database of a server that does not run. A copy, because the first to open a database after a
 * crash recovers it, and that shall be the server.
 */
export async function readStoredFacts(data: string, scratch: string): Promise<StoredFacts> {
  const copy = join(scratch, 'copy-of-the-database.db');
  for (const suffix of ['', '-wal']) {
    await rm(copy + suffix, { force: true });
    await cp(join(data, `cerulean.db${suffix}`), copy + suffix).catch(ignoreMissing);
  }
  const database = new DatabaseSync(copy);
  try {
    const rows = database.prepare(eventsSql).all() as unknown as EventRow[];
    const events = rows.map(storedEvent);
    return { events, flaws: [...integrityFlaws(database), ...numberFlaws(events), ...countFlaws(database)] };
  } finally {
    database.close();
  }
}

/** After a clean stop there is no write-ahead log. */
function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

const eventsSql = `select registry.name as registry, number, kind, repository_name, payload, user_agent
  from event join registry on registry.id = event.registry order by registry.name, number`;

interface EventRow {
  readonly registry: string;
  readonly number: number;
  readonly kind: string;
  readonly repository_name: string | null;
  readonly payload: string;
  readonly user_agent: string;
}

function storedEvent(row: EventRow): StoredEvent {
  return {
    registry: row.registry,
    number: row.number,
    kind: row.kind,
    repository: row.repository_name,
    payload: JSON.parse(row.payload) as Record<string, unknown>,
    userAgent: row.user_agent,
  };
}

function integrityFlaws(database: DatabaseSync): string[] {
  const rows = [
    ...database.prepare('pragma integrity_check').all(),
    ...database.prepare('pragma foreign_key_check').all(),
  ];
  return rows
    .filter((row) => row['integrity_check'] !== 'ok')
    .map((row) => `database: ${JSON.stringify(row)}`);
}

/** Numbers run from 1 without a gap in every registry (one origin, one incarnation: nothing was restored here). */
function numberFlaws(events: readonly StoredEvent[]): string[] {
  const last = new Map<string, number>();
  const flaws: string[] = [];
  for (const { registry, number, kind } of events) {
    const expected = (last.get(registry) ?? 0) + 1;
    if (number !== expected) flaws.push(`event ${kind} of ${registry} has number ${number}, not ${expected}`);
    last.set(registry, number);
  }
  return flaws;
}

function countFlaws(database: DatabaseSync): string[] {
  return database
    .prepare(
      `select name, manifest_count, tag_count,
        (select count(*) from manifest where repository = repository.id) as manifests,
        (select count(*) from tag where repository = repository.id) as tags
      from repository`,
    )
    .all()
    .filter((row) => row['manifest_count'] !== row['manifests'] || row['tag_count'] !== row['tags'])
    .map((row) => `a repository counts other than it has: ${JSON.stringify(row)}`);
}

/** The registers after these events, which are in the order of their numbers. */
export function replayEvents(before: State, events: readonly StoredEvent[]): Map<string, string> {
  const after = new Map(before);
  for (const event of events) {
    if (event.repository === null) continue;
    for (const [register, value] of changesOf(event, { ...event, repository: event.repository }))
      after.set(register, value);
  }
  return after;
}

function changesOf({ kind, payload }: StoredEvent, place: Place): (readonly [string, string])[] {
  const digest = String(payload['digest']);
  const tags = ((payload['tags'] ?? []) as (string | { readonly name: string })[]).map((tag) =>
    registerName('tag', place, typeof tag === 'string' ? tag : tag.name),
  );
  switch (kind) {
    case 'blob.put':
    case 'blob.mount':
      return [[registerName('blob', place, digest), present]];
    case 'blob.delete':
      return [[registerName('blob', place, digest), absent]];
    case 'manifest.put':
      return [
        [registerName('manifest', place, digest), present],
        ...tags.map((tag) => [tag, digest] as const),
      ];
    case 'manifest.delete':
      return [
        [registerName('manifest', place, digest), absent],
        ...tags.map((tag) => [tag, absent] as const),
      ];
    case 'tag.delete':
      return [[registerName('tag', place, String(payload['tag'])), absent]];
    default:
      throw new Error(`The oracle does not know the event ${kind}.`);
  }
}
