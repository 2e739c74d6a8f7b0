import type { RoleAssignmentMode } from '../access/role-rights.ts';

/** A registry's settings: one typed document for each registry, kept as JSON in its row. */
export interface RegistrySettings {
  /** Whether callers without credentials may pull. */
  readonly anonymousPull: boolean;
  /** Whether manifests whose parts are missing are let in (for mirrors). */
  readonly sparseManifests: boolean;
  /** Whether the admin user may log in. */
  readonly adminUserEnabled: boolean;
  /** How role assignments are read (ACR's `roleAssignmentMode`). */
  readonly roleAssignmentMode: RoleAssignmentMode;
  /** When that was last changed, in milliseconds; 0 for never. Tokens from before are worth nothing, as at ACR. */
  readonly roleAssignmentModeSince: number;
}

/** What may be changed of them; the rest follows. */
export type ChangeableSettings = Omit<RegistrySettings, 'roleAssignmentModeSince'>;

/** A repository's own settings; null inherits the registry's. */
export interface RepositorySettings {
  readonly sparseManifests: boolean | null;
}

export const defaultRegistrySettings: RegistrySettings = {
  anonymousPull: false,
  sparseManifests: false,
  adminUserEnabled: false,
  roleAssignmentMode: 'LegacyRegistryPermissions',
  roleAssignmentModeSince: 0,
};

/** Reads a settings document; members that an older program did not know take their defaults. */
export function parseRegistrySettings(json: string): RegistrySettings {
  return { ...defaultRegistrySettings, ...(JSON.parse(json) as Partial<RegistrySettings>) };
}

/** Reads a repository's settings document. */
export function parseRepositorySettings(json: string | null): RepositorySettings {
  return {
    sparseManifests: null,
    ...(json === null ? {} : (JSON.parse(json) as Partial<RepositorySettings>)),
  };
}

/** Whether a manifest with missing parts is let in to this repository. */
export function allowsSparseManifests(registry: RegistrySettings, repository: RepositorySettings): boolean {
  return repository.sparseManifests ?? registry.sparseManifests;
}
