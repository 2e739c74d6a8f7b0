import { foundation } from './0001-foundation.ts';
import { contentAttributes } from './0002-content-attributes.ts';
import { directory } from './0003-directory.ts';
import { trustedIssuers } from './0004-trusted-issuers.ts';
import type { Migration } from './migration.ts';

/** Every step in order; a new one is added at the end and none is ever changed. */
export const migrations: readonly Migration[] = [foundation, contentAttributes, directory, trustedIssuers];

export const schemaVersion = migrations.length;
