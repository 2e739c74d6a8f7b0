import type { ColumnTypes, Migration } from './migration.ts';

const flagged = ['repository', 'manifest', 'tag'] as const;
const pulled = ['manifest', 'tag'] as const;

/**
 * What ACR shows of content and lets its owners change: the four flags of repositories, manifests and tags, when and
 * how often something was pulled, and how much a repository holds, as a counter.
 */
export const contentAttributes: Migration = {
  version: 2,
  statements: (types) => [
    ...flagged.flatMap((table) =>
      ['delete_enabled', 'write_enabled', 'read_enabled', 'list_enabled'].map((column) =>
        addColumn(types, { table, column, initially: '1' }),
      ),
    ),
    ...pulled.flatMap((table) => [
      addColumn(types, { table, column: 'pull_count', initially: '0' }),
      `alter table ${table} add column last_pulled_at ${types.int}`,
    ]),
    addColumn(types, { table: 'repository', column: 'content_bytes', initially: '0' }),
    `update repository set content_bytes =
      (select coalesce(sum(blob.size), 0) from repository_blob join blob on blob.id = repository_blob.blob
        where repository_blob.repository = repository.id)
      + (select coalesce(sum(manifest.size), 0) from manifest where manifest.repository = repository.id)`,
    // The catalog goes over what is listed, so that hidden repositories cost a page nothing.
    'drop index repository_catalog',
    'create index repository_catalog on repository (registry, name) where manifest_count > 0 and list_enabled = 1',
  ],
};

const addColumn = (
  { int }: ColumnTypes,
  {
    table,
    column,
    initially,
  }: { readonly table: string; readonly column: string; readonly initially: string },
): string => `alter table ${table} add column ${column} ${int} not null default ${initially}`;
