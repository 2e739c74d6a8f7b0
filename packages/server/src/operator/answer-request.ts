import { Check, Errors } from 'typebox/value';
import { RegistryError } from '../errors.ts';
import type { OperatorHandlers } from './operator-handlers.ts';
import {
  type OperatorAnswer,
  type OperatorErrorCode,
  type OperatorInput,
  type OperatorOperation,
  operatorInputs,
} from './protocol.ts';

/** Where bugs and failures of the world go: a pino logger fits. */
export interface OperatorLog {
  error(fields: object, message: string): void;
}

/** Answers one line. Never throws: what goes wrong is an answer, and what is a bug is logged as well. */
export async function answerRequest(
  line: string,
  options: { handlers: OperatorHandlers; log: OperatorLog; signal: AbortSignal },
): Promise<OperatorAnswer> {
  const request = parseRequest(line);
  if ('error' in request) return request;
  try {
    return { result: await call(options.handlers, request, options.signal) };
  } catch (error) {
    if (error instanceof RegistryError) return refusal(error.code, error.message);
    options.log.error({ err: error, operation: request.operation }, 'an operator request failed');
    return refusal('internal', 'Something went wrong inside the server; its log says what.');
  }
}

interface ParsedRequest {
  readonly operation: OperatorOperation;
  readonly input: unknown;
}

function parseRequest(line: string): ParsedRequest | { error: { code: OperatorErrorCode; message: string } } {
  const request = parseJson(line);
  if (typeof request !== 'object' || request === null || !('operation' in request) || !('input' in request)) {
    return refusal('request_invalid', 'A request is one line of JSON with the members operation and input.');
  }
  const { operation, input } = request;
  if (typeof operation !== 'string' || !isOperation(operation)) {
    return refusal(
      'request_invalid',
      `There is no operation ${JSON.stringify(operation)}: is the command as old as the server?`,
    );
  }
  const [wrong] = Errors(operatorInputs[operation], input);
  if (wrong !== undefined) {
    return refusal(
      'request_invalid',
      `The input of ${operation} is wrong at ${wrong.instancePath || '/'}: it ${wrong.message}.`,
    );
  }
  return confirmed(operation, input) ?? { operation, input };
}

/** Here, and not in a handler, so that no way to delete a registry can forget to ask. */
function confirmed(operation: OperatorOperation, input: unknown) {
  if (operation !== 'registry.delete' || !Check(operatorInputs['registry.delete'], input)) return undefined;
  if (input.confirm === input.name) return undefined;
  return refusal(
    'confirmation_missing',
    `The registry ${input.name} is deleted only when its name is given again.`,
  );
}

/** The table of inputs has been consulted: `input` has the shape of its operation. */
function call(handlers: OperatorHandlers, request: ParsedRequest, signal: AbortSignal) {
  const handler = handlers[request.operation] as (
    input: OperatorInput<OperatorOperation>,
    signal: AbortSignal,
  ) => ReturnType<OperatorHandlers[OperatorOperation]>;
  return handler(request.input as OperatorInput<OperatorOperation>, signal);
}

function isOperation(name: string): name is OperatorOperation {
  return Object.hasOwn(operatorInputs, name);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

export function refusal(code: OperatorErrorCode, message: string) {
  return { error: { code, message } };
}
