import { limits } from '../../limits.ts';
import type { CommandContext, CommandName, Commands } from '../../registry/commands.ts';

/** A command on its way to the writer. */
export interface QueuedCommand<N extends CommandName = CommandName> {
  readonly name: N;
  readonly input: Commands[N]['input'];
  readonly context: CommandContext;
  /** The registry's id, or any other name: lanes take turns. */
  readonly lane: string;
  /** An estimate of its size, for the queue's bound. */
  readonly bytes: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Commands that wait, bounded by count and bytes. Lanes take turns, so that one busy registry starves no other. */
export class CommandQueue {
  readonly #lanes = new Map<string, QueuedCommand[]>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** False when the queue is full; the command was not taken. */
  push(command: QueuedCommand): boolean {
    if (this.#count >= limits.commandsQueuedMax || this.#bytes + command.bytes > limits.commandBytesQueuedMax)
      return false;
    const lane = this.#lanes.get(command.lane);
    if (lane === undefined) this.#lanes.set(command.lane, [command]);
    else lane.push(command);
    this.#count += 1;
    this.#bytes += command.bytes;
    return true;
  }

  /** Takes the next group: one of each lane in turn, up to the group's limits, at least one. */
  takeGroup(): QueuedCommand[] {
    const group: QueuedCommand[] = [];
    let bytes = 0;
    while (this.#count > 0 && group.length < limits.groupCommandsMax && bytes < limits.groupBytesMax) {
      const next = this.#takeOne();
      group.push(next);
      bytes += next.bytes;
    }
    return group;
  }

  #takeOne(): QueuedCommand {
    const first = this.#lanes.entries().next();
    if (first.done === true) throw new TypeError('The queue counts commands that it does not hold.');
    const [name, lane] = first.value;
    const command = lane.shift();
    if (command === undefined) throw new TypeError('A lane without commands was kept.');
    // The lane goes to the end of the line, or away.
    this.#lanes.delete(name);
    if (lane.length > 0) this.#lanes.set(name, lane);
    this.#count -= 1;
    this.#bytes -= command.bytes;
    return command;
  }
}
