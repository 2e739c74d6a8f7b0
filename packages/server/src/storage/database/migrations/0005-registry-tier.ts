import type { Migration } from './migration.ts';

/** The tier of a registry. One that is older has the one that it was held to before: Premium. */
export const registryTier: Migration = {
  version: 5,
  statements: ({ text }) => [`alter table registry add column sku ${text} not null default 'Premium'`],
};
