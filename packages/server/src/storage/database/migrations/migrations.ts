import { foundation } from './0001-foundation.ts';
import { contentAttributes } from './0002-content-attributes.ts';
import { directory } from './0003-directory.ts';
import { trustedIssuers } from './0004-trusted-issuers.ts';
import { registryTier } from './0005-registry-tier.ts';
import { identityBindings } from './0006-identity-bindings.ts';
import { rolesAndConditions } from './0007-roles-and-conditions.ts';
import type { Migration } from './migration.ts';

/** Every step in order; a new one is added at the end and none is ever changed. */
export const migrations: readonly Migration[] = [
  foundation,
  contentAttributes,
  directory,
  trustedIssuers,
  registryTier,
  identityBindings,
  rolesAndConditions,
];

export const schemaVersion = Math.max(...migrations.map(({ version }) => version));
