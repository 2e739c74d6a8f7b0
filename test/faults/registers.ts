/**
 * Registers: everything whose value the oracle follows, by name. A tag's value is a digest or `absent`; a manifest's
 * and a blob's, in one repository, is `present` or `absent`.
 */
export type RegisterKind = 'tag' | 'manifest' | 'blob';

export const absent = 'absent';
export const present = 'present';

/** A repository of a registry. */
export interface Place {
  readonly registry: string;
  readonly repository: string;
}

export interface Register extends Place {
  readonly kind: RegisterKind;
  /** The tag, or the digest. */
  readonly name: string;
}

/** The value of each register that was ever touched; one that is missing is absent. */
export type State = ReadonlyMap<string, string>;

export const registerName = (kind: RegisterKind, place: Place, name: string): string =>
  `${kind} ${place.registry}/${place.repository} ${name}`;

export function parseRegister(text: string): Register {
  const [kind, place, name] = text.split(' ');
  const [registry, ...path] = place?.split('/') ?? [];
  if (kind === undefined || registry === undefined || name === undefined)
    throw new Error(`Not a register: ${text}`);
  return { kind: kind as RegisterKind, registry, repository: path.join('/'), name };
}
