import type { RegistryErrorCode } from '@cerulean/server/errors.ts';
import { limits, limitTable } from '@cerulean/server/limits.ts';
import { formatLimit } from './format-limit.ts';

const shown = (name: keyof typeof limits): string =>
  formatLimit(limits[name], limitTable[name]?.unit ?? 'count');

/** When a refusal is met, and what whoever meets it can do. */
export interface ErrorAdvice {
  readonly when: string;
  readonly remedy: string;
}

/** For `docs/errors.md`. A refusal without advice does not compile. */
export const errorAdvice = {
  host_unknown: {
    when: 'The Host header is malformed, or names no registry of this server.',
    remedy:
      'Use `NAME.DOMAIN`; or start the server with `--hostname` (default registry) or another `--domain`.',
  },
  unauthorized: {
    when: 'No credentials, wrong ones, or a token that is expired, revoked or for another registry.',
    remedy: 'Log in; the challenge names the token endpoint and the scope.',
  },
  insufficient_scope: {
    when: 'The credentials are good, but do not reach this action on this repository.',
    remedy: 'Ask for a token with the scope in the challenge. 401 and not 403, as ACR has it.',
  },
  denied: {
    when: '`/metrics` from an address that is not in `--metrics-from`. The command: deleting the default registry.',
    remedy: 'Add the address; for the command, start the server with another `--registry` first.',
  },
  name_invalid: {
    when: "The repository's name breaks the rules of the specification.",
    remedy: 'Lower-case letters, digits and single separators, at most 255 characters.',
  },
  name_unknown: { when: 'There is no such repository.', remedy: 'Check the name; push first.' },
  tag_invalid: {
    when: 'A tag in the path or in `?tag=` is no tag.',
    remedy: '1 to 128 letters, digits, `_`, `.`, `-`; the first is none of `.` and `-`.',
  },
  tag_unknown: { when: 'The tag to delete is not there.', remedy: 'Nothing to do: it is gone.' },
  digest_invalid: {
    when: 'A digest is malformed, or missing where an upload ends.',
    remedy: '`sha256:` with 64 lower-case hexadecimal digits, or `sha512:` with 128.',
  },
  digest_mismatch: {
    when: `The bytes do not have the digest that was said. Of an upload, what this request brought is forgotten, but for full segments of ${shown('segmentBytesMax')}.`,
    remedy: 'Send the right digest or the right bytes.',
  },
  digest_algorithm_unsupported: {
    when: 'An upload asks for another algorithm than sha256 and sha512.',
    remedy: 'Use one of the two.',
  },
  manifest_unknown: {
    when: 'No manifest has this tag or digest in the repository.',
    remedy: 'Check the reference.',
  },
  manifest_invalid: {
    when: 'The bytes are no manifest of a known kind, contradict the Content-Type, or nest too deep.',
    remedy: 'The message names the member that is wrong.',
  },
  manifest_too_large: {
    when: `More than ${shown('manifestBytesMax')}.`,
    remedy: 'Put large content into a blob.',
  },
  manifest_schema1: { when: 'Docker schema 1.', remedy: 'Convert the image to OCI or Docker schema 2.' },
  manifest_parts_unknown: {
    when: 'Blobs or manifests that the manifest names are not in the repository; `detail` lists up to 100 of them.',
    remedy: 'Push the parts first; for a mirror, switch `--sparse-manifests on`.',
  },
  manifest_referenced: {
    when: 'An index of the repository needs the manifest (not with sparse manifests).',
    remedy: 'Delete the index first; `detail` names it.',
  },
  blob_unknown: { when: 'The repository does not link this blob.', remedy: 'Push or mount it.' },
  blob_referenced: {
    when: 'A manifest of the repository needs the blob (not with sparse manifests).',
    remedy: 'Delete the manifest first; `detail` names it.',
  },
  blob_too_large: { when: `More than ${shown('layerBytesMax')}.`, remedy: 'Split the layer.' },
  upload_unknown: {
    when: "The upload is finished, cancelled, expired, forged or somebody else's: all look the same.",
    remedy: 'Start a new upload.',
  },
  upload_offset: {
    when: 'The chunk does not begin where the upload stands, or another request was faster.',
    remedy: 'Go on from the Range in the answer.',
  },
  upload_limit: {
    when: 'Too many unfinished uploads, or bytes in them, for one identity.',
    remedy: `Finish or cancel some; they expire after ${shown('uploadLifetimeSeconds')}.`,
  },
  size_mismatch: {
    when: 'Content-Range and the bytes that came do not agree.',
    remedy: 'Send as many bytes as the header says.',
  },
  range_invalid: {
    when: 'A Range outside of the blob, or a Content-Range that is none.',
    remedy: "The answer's Content-Range says how long the blob is.",
  },
  operation_disallowed: {
    when: 'A flag of the repository, the tag or the manifest is off: it may not be pulled, pushed to or deleted.',
    remedy:
      'Look at `changeableAttributes` (`az acr repository show`), and switch the flag on (`az acr repository update`).',
  },
  feature_off: {
    when: 'Routes of ACR for a feature that this registry does not have: deleted content is not kept.',
    remedy: 'Push the image again.',
  },
  page_size_invalid: { when: '`n` is no whole number.', remedy: '0 or more.' },
  too_many_tags: {
    when: `More than ${shown('tagsPerRequestMax')} \`?tag=\` in one request; none was pointed.`,
    remedy: 'Use several requests.',
  },
  precondition_failed: {
    when: 'If-Match or If-None-Match does not hold; nothing was changed.',
    remedy: 'Read the tag again and decide anew; `detail.current` is its digest.',
  },
  too_many_requests: {
    when: `${shown('loginFailuresMax')} wrong passwords for one user from one address, ${shown('loginFailuresOfManyMax')} from one address or for one user, or a crowd of logins. With \`--rate-limits acr\`: more calls than the tier allows; \`detail\` says of what, and whether of the identity or of the registry.`,
    remedy: 'Wait as long as Retry-After says.',
  },
  storage_full: {
    when: 'Less than `--reserve-space` is free, or the disk is full. Pulls and deletes go on.',
    remedy: 'Give the disk more room; see operations.md.',
  },
  overloaded: { when: 'Too many writes wait.', remedy: 'Wait as long as Retry-After says.' },
  shutting_down: { when: 'The server is stopping.', remedy: 'Try again in a moment.' },
  method_not_allowed: { when: 'The path exists with other methods.', remedy: 'Allow lists them.' },
  route_unknown: { when: 'There is nothing under this path.', remedy: 'Check the path.' },
  bad_request: {
    when: 'Something else in the request is wrong, such as two Host headers or a condition that is none.',
    remedy: 'The message says what.',
  },
  url_too_long: { when: `More than ${shown('urlBytesMax')}.`, remedy: 'Use fewer parameters.' },
  body_too_slow: {
    when: `The body brought nothing for ${shown('bodyIdleMs')}, or ended early. What came of an upload is kept.`,
    remedy: 'Ask where the upload stands, and go on.',
  },
  registry_exists: { when: 'The command: the name is taken.', remedy: 'Choose another name.' },
  registry_unknown: {
    when: 'The registry was deleted meanwhile; the command: there is none of this name.',
    remedy: 'Check the name.',
  },
  registry_name_invalid: {
    when: "The command: the registry's name breaks ACR's rules.",
    remedy: '5 to 50 lower-case letters and digits.',
  },
  confirmation_missing: { when: 'The command: `--confirm` is not the name.', remedy: 'Give the name again.' },
  credential_unknown: {
    when: 'The command: there is no such password.',
    remedy: '`password` or `password2`.',
  },
  resource_exists: {
    when: 'The command: there is one of this name already.',
    remedy: 'Choose another name, or change the one that is there.',
  },
  resource_unknown: {
    when: 'The command: there is no principal, secret, role assignment, scope map or token of this name.',
    remedy: 'The message says which command lists them.',
  },
  resource_invalid: {
    when: 'The command: a name, a role, a scope or an action is none, or there are too many.',
    remedy: 'The message says what is wrong and what is allowed.',
  },
  resource_in_use: {
    when: 'The command: tokens still have the scope map.',
    remedy: 'Give them another scope map, or delete them first.',
  },
  command_repeated: { when: 'A write with this id was carried out before.', remedy: 'Nothing: it was done.' },
} as const satisfies Record<RegistryErrorCode, ErrorAdvice>;
