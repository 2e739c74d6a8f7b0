/**
 * Every switch of the suite (the fields of its configAPI and configData), so that a default of the suite that
 * leaves something out can't make a run look complete. The suite ignores a name that it does not know, so the
 * run also checks that the settings echoed in results.yaml are all on.
 */
export const apiSwitches = [
  'PING',
  'PULL',
  'PUSH',
  'BLOBS_ATOMIC',
  'BLOBS_DELETE',
  'BLOBS_DIGEST_HEADER',
  'BLOBS_MOUNT_ANONYMOUS',
  'BLOBS_UPLOAD_CANCEL',
  'MANIFESTS_ATOMIC',
  'MANIFESTS_DELETE',
  'MANIFESTS_DIGEST_HEADER',
  'MANIFESTS_TAG_PARAM',
  'TAGS_ATOMIC',
  'TAGS_DELETE',
  'TAGS_LIST',
  'REFERRER',
] as const;

export const dataSwitches = [
  'IMAGE',
  'INDEX',
  'INDEX_LIST',
  'SPARSE',
  'ARTIFACT',
  'SUBJECT',
  'SUBJECT_MISSING',
  'ARTIFACT_LIST',
  'SUBJECT_LIST',
  'DATA_FIELD',
  'NONDISTRIBUTABLE',
  'CUSTOM_FIELDS',
  'NO_LAYERS',
  'EMPTY_BLOB',
  'SHA512',
] as const;

export type DataSwitch = (typeof dataSwitches)[number];

/** The suite's environment variables with everything on but `off`. */
export function switchVariables(off: readonly DataSwitch[]): Record<string, string> {
  const apis = apiSwitches.map((name) => [`OCI_API_${name}`, 'true']);
  const data = dataSwitches.map((name) => [`OCI_DATA_${name}`, String(!off.includes(name))]);
  return Object.fromEntries([...apis, ...data]);
}
