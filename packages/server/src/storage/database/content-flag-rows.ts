import type { ContentFlags } from '../../registry/content-flags.ts';

/** The four columns, as queries select them. */
export const flagColumns = ['delete_enabled', 'write_enabled', 'read_enabled', 'list_enabled'] as const;

type FlagRow = { readonly [Column in (typeof flagColumns)[number]]: number };

/** The flags of a row. */
export const contentFlags = (row: FlagRow): ContentFlags => ({
  deleteEnabled: row.delete_enabled === 1,
  writeEnabled: row.write_enabled === 1,
  readEnabled: row.read_enabled === 1,
  listEnabled: row.list_enabled === 1,
});
