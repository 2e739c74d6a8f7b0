/**
 * The four flags that ACR lets owners set on a repository, a manifest and a tag (`changeableAttributes`), and what they
 * mean. They are enforced here and in the commands, so that every surface is bound by them.
 *
 * - `readEnabled`: off, and it is not pulled. A tag's flag keeps from pulling by that tag, a manifest's by tag and
 *   digest, a repository's from pulling any manifest or blob of it.
 * - `writeEnabled`: off, and it is neither overwritten nor deleted; a repository's also locks all that is in it.
 * - `deleteEnabled`: off, and it is not deleted; a repository's keeps only the repository as a whole.
 * - `listEnabled`: off, and lists leave it out.
 *
 * The flags of tag, manifest and repository are separate: none sets another.
 */
import { RegistryError } from '../errors.ts';

export interface ContentFlags {
  readonly deleteEnabled: boolean;
  readonly writeEnabled: boolean;
  readonly readEnabled: boolean;
  readonly listEnabled: boolean;
}

/** True for what may neither be overwritten nor deleted, or only not be deleted. */
export const keepsFromDeletion = (flags: Pick<ContentFlags, 'deleteEnabled' | 'writeEnabled'>): boolean =>
  !flags.deleteEnabled || !flags.writeEnabled;

/** The 405 of ACR, in its words; it does not say which flag of what stands in the way. */
export const operationDisallowed = (): RegistryError =>
  new RegistryError(
    'operation_disallowed',
    'The operation is disallowed on this registry, repository or image. View troubleshooting steps at ' +
      'https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation',
    {},
  );

/** @throws operation_disallowed when what is read may not be read; what is not there is refused by others */
export function refuseUnreadable(content: Pick<ContentFlags, 'readEnabled'> | undefined): void {
  if (content?.readEnabled === false) throw operationDisallowed();
}

/** @throws operation_disallowed when what would be written may not be */
export function refuseUnwritable(content: Pick<ContentFlags, 'writeEnabled'> | undefined): void {
  if (content?.writeEnabled === false) throw operationDisallowed();
}

/** @throws operation_disallowed when one of them may not be deleted */
export function refuseUndeletable(
  ...contents: readonly Pick<ContentFlags, 'deleteEnabled' | 'writeEnabled'>[]
): void {
  if (contents.some(keepsFromDeletion)) throw operationDisallowed();
}
