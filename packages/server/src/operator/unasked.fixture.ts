import { accessInputs } from './access-protocol.ts';
import type { OperatorHandlers } from './operator-handlers.ts';

/** Handlers of the directory's operations for tests that ask none of them. */
export const unaskedAccessHandlers = Object.fromEntries(
  Object.keys(accessInputs).map((operation) => [
    operation,
    () => Promise.reject(new Error(`no test asks ${operation}`)),
  ]),
) as unknown as Pick<OperatorHandlers, keyof typeof accessInputs>;
