import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type {
  OperatorAnswer,
  OperatorInput,
  OperatorOperation,
  OperatorRequest,
  OperatorResults,
} from '@cerulean/server/operator/protocol.ts';
import { CommandError } from './command-error.ts';

/** Longer than the server takes to answer that it takes too long. */
const answerMs = 90_000;

/**
 * Asks the server that runs on the data folder: one connection, one request, one answer. Throws a `CommandError`
 * for a refusal, and if no server is there.
 */
export async function askServer<Operation extends OperatorOperation>(
  dataFolder: string,
  operation: Operation,
  input: OperatorInput<Operation>,
): Promise<OperatorResults[Operation]> {
  const folder = resolve(dataFolder);
  const request: OperatorRequest<Operation> = { operation, input };
  const answer = parseAnswer<Operation>(await exchange(folder, `${JSON.stringify(request)}\n`));
  if ('error' in answer) throw new CommandError('refused', answer.error.message);
  return answer.result;
}

async function exchange(folder: string, line: string): Promise<string> {
  try {
    const socket = connect({ path: await findSocket(folder), signal: AbortSignal.timeout(answerMs) });
    socket.end(line);
    return await text(socket);
  } catch (error) {
    throw explain(error, folder);
  }
}

/** The server names another place in `control.path` where the plain one does not do: a long path, or Windows. */
async function findSocket(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, 'control.path'), 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
    return join(folder, 'control.sock');
  }
}

function explain(error: unknown, folder: string): unknown {
  switch (codeOf(error)) {
    // EINVAL: a path that is too long for a socket, so no server can have made it.
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EINVAL':
    case 'ECONNREFUSED':
      return notRunning(folder);
    case 'EACCES':
    case 'EPERM':
      return new CommandError(
        'refused',
        `The server on ${folder} belongs to another user: run this as that user.`,
      );
    case 'ECONNRESET':
    case 'EPIPE':
      return new CommandError(
        'refused',
        'The server went away, or has too many of these at once, before it answered.',
      );
    case 'ABORT_ERR':
      return new CommandError('refused', `The server did not answer within ${answerMs / 1000} seconds.`);
    default:
      return error;
  }
}

function notRunning(folder: string): CommandError {
  return new CommandError(
    'notRunning',
    [
      `No server is running on the data folder ${folder}.`,
      `  start one:                npm start -- --data ${folder}`,
      '  it runs on another one:   give --data FOLDER, or the variable CERULEAN_DATA',
    ].join('\n'),
  );
}

function parseAnswer<Operation extends OperatorOperation>(received: string): OperatorAnswer<Operation> {
  if (received === '') throw new CommandError('refused', 'The server went away before it answered.');
  return JSON.parse(received) as OperatorAnswer<Operation>;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
