/** By name, so that this file knows no class of the storage. */
const forTheOperator = ['ConfigError', 'DataFolderTaken', 'PortTaken', 'SealingError', 'SchemaTooNew'];

/** Errors whose message is all that the operator needs; anything else is a bug and shows its stack. */
export function isForTheOperator(error: unknown): error is Error {
  return error instanceof Error && forTheOperator.includes(error.name);
}
