import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../process/http-call.ts';
import type { RegistryClient } from '../process/registry-client.ts';
import type { Clients } from './deployment.ts';
import { ServerSilent } from './impatient-client.ts';
import type { Effect, Ledger } from './ledger.ts';
import type { Place } from './registers.ts';

export interface DriverRequest {
  readonly place: Place;
  readonly method: string;
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly effects?: readonly Effect[];
  readonly acknowledgedBy: number;
}

/** How the User-Agents of these requests begin. */
export const agentPrefix = 'faults/';

const failurePauseMs = 100;

/** The server went away, or is about to: whoever worked with it ends. */
export class ServerGone extends Error {
  override readonly name = 'ServerGone';
}

/** An upload that was begun and not acknowledged as finished. */
export interface UnfinishedUpload {
  readonly place: Place;
  readonly bytes: Uint8Array;
  readonly digest: string;
  /** What the last Location said. */
  path: string;
  /** Bytes that were acknowledged, and bytes that were sent. */
  keptBytes: number;
  sentBytes: number;
}

/** A manifest that was acknowledged in a place and not deleted since. */
export interface KnownManifest {
  readonly digest: string;
  readonly text: string;
}

/** Sends requests, writes all of them into a ledger, and remembers what later requests may build on. */
export class Driver {
  readonly unfinished = new Set<UnfinishedUpload>();
  readonly #manifests = new Map<string, KnownManifest[]>();
  #clients: Clients = new Map();
  #ledger: Ledger | undefined;
  #lastNumber = 0;

  /** From here on requests go to this server and into this ledger. */
  use(clients: Clients, ledger: Ledger): void {
    this.#clients = clients;
    this.#ledger = ledger;
  }

  /** The answer, whatever its status. @throws ServerGone when none came. */
  async send(request: DriverRequest): Promise<Reply> {
    const { place, method, path, body, headers = {}, effects = [], acknowledgedBy } = request;
    this.#lastNumber += 1;
    const id = `${agentPrefix}${this.#lastNumber}`;
    const ledger = this.#ledger;
    if (ledger === undefined) throw new Error('There is no ledger to write into.');
    ledger.begin({ id, request: `${method} ${place.registry} ${path}`, effects, acknowledgedBy });
    const reply = await this.client(place)
      .call(path, { method, body: body ?? '', headers: { ...headers, 'user-agent': id } })
      .catch((cause: unknown) => {
        if (cause instanceof ServerSilent) throw cause;
        throw new ServerGone(`No answer to ${id}.`, { cause });
      });
    ledger.end(id, reply.status);
    // A client that comes back at once would fill the ledger with failures alone.
    if (reply.status >= 500) await sleep(failurePauseMs);
    return reply;
  }

  client(place: Place): RegistryClient {
    const client = this.#clients.get(place.registry);
    if (client === undefined) throw new Error(`There is no registry ${place.registry} here.`);
    return client;
  }

  /** The manifests of a place that may be tagged again, deleted or referred to. */
  manifestsOf(place: Place): KnownManifest[] {
    const key = `${place.registry}/${place.repository}`;
    const found = this.#manifests.get(key) ?? [];
    this.#manifests.set(key, found);
    return found;
  }

  /** Forgets the manifests that are not there: nobody knows what a fault left until it was looked at. */
  forgetManifests(isThere: (place: string, digest: string) => boolean): void {
    for (const [place, known] of this.#manifests) {
      this.#manifests.set(
        place,
        known.filter(({ digest }) => isThere(place, digest)),
      );
    }
  }
}
