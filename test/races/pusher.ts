import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../process/registry-client.ts';
import { type Door, RawClient } from './raw-client.ts';

/** Pushes small blobs, one after the other: over one connection as long as it holds, then over the next. */
export class Pusher {
  /** Digests whose push was answered by 201. */
  readonly acknowledged: string[] = [];
  /** Statuses of other answers. */
  readonly refused: number[] = [];
  /** Connections that ended before an answer, or could not be made. */
  broken = 0;
  readonly #door: Door;
  readonly #repository: string;

  constructor(door: Door, repository: string) {
    this.#door = door;
    this.#repository = repository;
  }

  /** @param first opened beforehand, so that the test decides which thread has it */
  async pushUntil(first: RawClient | undefined, over: AbortSignal): Promise<void> {
    let client = first;
    while (!over.aborted) {
      try {
        client ??= await RawClient.open(this.#door);
        await this.#push(client);
      } catch {
        this.broken += 1;
        client?.[Symbol.dispose]();
        client = undefined;
        await sleep(5);
      }
    }
    client?.[Symbol.dispose]();
  }

  async #push(client: RawClient): Promise<void> {
    const body = randomBytes(3000);
    const digest = sha256(body);
    const path = `/v2/${this.#repository}/blobs/uploads/?digest=${digest}`;
    const { status } = await client.ask({ method: 'POST', path, body });
    if (status === 201) this.acknowledged.push(digest);
    else this.refused.push(status);
  }
}
