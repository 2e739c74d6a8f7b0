/** What travels between the serving threads and the writer's thread. */
import { RegistryError, type RegistryErrorCode, type RegistryErrorDetail } from '../../errors.ts';
import type { CommandContext, CommandName } from '../../registry/commands.ts';

export interface CommandMessage {
  readonly id: number;
  readonly name: CommandName;
  readonly input: unknown;
  readonly lane: string;
  readonly context: CommandContext;
}

export type SentError =
  | {
      readonly refusal: RegistryErrorCode;
      readonly message: string;
      readonly detail: RegistryErrorDetail | undefined;
    }
  | { readonly bug: string };

export type CommandReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: SentError };

/** From main to the writer's thread. */
export type WriterOrder =
  | { readonly order: 'serve'; readonly port: import('node:worker_threads').MessagePort }
  | { readonly order: 'close' };

/** From the writer's thread to main. */
export type WriterReport =
  | { readonly report: 'ready' }
  /** The error's name goes along: it tells what is for the operator from what is a bug. */
  | { readonly report: 'failed'; readonly name: string; readonly message: string }
  | { readonly report: 'closed' };

/** An error as plain data: refusals keep their code, anything else is a bug and keeps its stack for the log. */
export function sendError(error: unknown): SentError {
  if (error instanceof RegistryError)
    return { refusal: error.code, message: error.message, detail: error.detail };
  return { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function receiveError(sent: SentError): Error {
  if ('refusal' in sent) return new RegistryError(sent.refusal, sent.message, sent.detail);
  return new Error(`The writer failed: ${sent.bug}`);
}
