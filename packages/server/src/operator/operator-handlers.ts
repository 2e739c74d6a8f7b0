import type { OperatorInput, OperatorOperation, OperatorResults } from './protocol.ts';

/**
 * What the control server calls; a missing operation does not compile. A handler refuses with a `RegistryError`,
 * whose message the operator reads; anything else that it throws is logged, and answered without its text.
 */
export type OperatorHandlers = {
  readonly [Operation in OperatorOperation]: (
    input: OperatorInput<Operation>,
    signal: AbortSignal,
  ) => Promise<OperatorResults[Operation]>;
};
