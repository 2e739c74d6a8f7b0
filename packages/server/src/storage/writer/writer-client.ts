import type { MessagePort } from 'node:worker_threads';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { CommandBus, CommandContext, CommandName, Commands } from '../../registry/commands.ts';
import { type CommandMessage, type CommandReply, receiveError } from './writer-protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A serving thread's way to the writer's thread. */
export class WriterClient implements CommandBus {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: CommandReply) => this.#settle(reply));
    port.on('close', () => this.#abandon());
  }

  execute<N extends CommandName>(
    name: N,
    input: Commands[N]['input'],
    options: { readonly lane: string; readonly context: CommandContext },
  ): Promise<Commands[N]['output']> {
    if (this.#waiting.size >= limits.commandsQueuedMax) {
      return Promise.reject(
        new RegistryError('overloaded', 'Too many writes are waiting; try again in a moment.'),
      );
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      const message: CommandMessage = { id, name, input: ownBytes(input), ...options };
      this.#port.postMessage(message);
    });
  }

  close(): void {
    this.#port.close();
  }

  #settle(reply: CommandReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(receiveError(reply.error));
    else waiting?.resolve(reply.value);
  }

  #abandon(): void {
    for (const waiting of this.#waiting.values())
      waiting.reject(new Error('The writer went away; the outcome is not known.'));
    this.#waiting.clear();
  }
}

/** Gives every byte array a buffer of its own: cloning a view takes its whole slab along. */
function ownBytes(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value);
  if (Array.isArray(value)) return value.map(ownBytes);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, ownBytes(member)]));
  }
  return value;
}
