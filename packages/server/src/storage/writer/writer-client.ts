import type { MessagePort } from 'node:worker_threads';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { CommandBus, CommandContext, CommandName, Commands } from '../../registry/commands.ts';
import { ownBytes } from './own-bytes.ts';
import { type CommandMessage, type CommandReply, receiveError } from './writer-protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A serving thread's way to the writer's thread. */
export class WriterClient implements CommandBus {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  /** Commands of this turn of the event loop: they travel in one message, since each wakes the writer. */
  #outbox: CommandMessage[] = [];
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (replies: readonly CommandReply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
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
      if (this.#outbox.push({ id, name, input: ownBytes(input), ...options }) === 1)
        setImmediate(() => this.#send());
    });
  }

  close(): void {
    this.#send();
    this.#port.close();
  }

  #send(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    if (messages.length === 0) return;
    try {
      this.#port.postMessage(messages);
    } catch (error) {
      for (const { id } of messages) {
        this.#waiting.get(id)?.reject(error as Error);
        this.#waiting.delete(id);
      }
    }
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
