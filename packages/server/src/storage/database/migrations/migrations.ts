import { foundation } from './0001-foundation.ts';
import { contentAttributes } from './0002-content-attributes.ts';
import { directory } from './0003-directory.ts';
import { identityBindings } from './0006-identity-bindings.ts';
import type { Migration } from './migration.ts';

/** Every step in order; a new one is added at the end and none is ever changed. */
export const migrations: readonly Migration[] = [foundation, contentAttributes, directory, identityBindings];

export const schemaVersion = Math.max(...migrations.map(({ version }) => version));
