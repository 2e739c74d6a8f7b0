import type { RightsEpoch } from '../access/rights-epoch.ts';
import { limits } from '../limits.ts';
import type { MetadataReader, SystemKeyRow } from '../registry/metadata-reader.ts';
import { openBox } from '../sealing/box.ts';
import { systemKeyContext } from '../sealing/box-context.ts';
import type { KeyRing } from '../sealing/key-ring.ts';

/** How system keys are sealed: `ring` undefined is `--encryption none`. */
export interface SystemKeySealing {
  readonly ring: KeyRing | undefined;
  /** From the server's configuration, never from the database. */
  readonly acceptClear: boolean;
}

/** Makes a key of what its box held. */
export type Unseal<Key> = (row: Pick<SystemKeyRow, 'version'>, plaintext: Uint8Array) => Promise<Key>;

export interface LoadedKey<Key> {
  readonly createdAt: number;
  readonly box: Uint8Array;
  readonly key: Key;
}

export interface SystemKeySetOptions<Key> {
  readonly reader: Pick<MetadataReader, 'listSystemKeys'>;
  readonly sealing: SystemKeySealing;
  readonly epoch: RightsEpoch;
  readonly clock: () => number;
  readonly purpose: number;
  readonly unseal: Unseal<Key>;
}

/** The keys of one purpose, as one thread knows them. */
export class SystemKeySet<Key> {
  readonly #options: SystemKeySetOptions<Key>;
  #loaded:
    | { readonly epoch: number; readonly at: number; readonly keys: readonly LoadedKey<Key>[] }
    | undefined;
  #loading: { readonly epoch: number; readonly keys: Promise<readonly LoadedKey<Key>[]> } | undefined;

  constructor(options: SystemKeySetOptions<Key>) {
    this.#options = options;
  }

  /** What is not retired, oldest first. */
  async load(): Promise<readonly LoadedKey<Key>[]> {
    return this.#loaded?.epoch === this.#options.epoch.current() ? this.#loaded.keys : this.#refresh();
  }

  /** Looks once more into the database when nothing fits, but not too often. */
  async find(fits: (key: Key) => boolean): Promise<Key | undefined> {
    const known = (await this.load()).find(({ key }) => fits(key));
    if (known !== undefined) return known.key;
    const readAt = this.#loaded?.at;
    if (readAt !== undefined && this.#options.clock() - readAt < limits.systemKeyRefreshMs) return undefined;
    return (await this.#refresh()).find(({ key }) => fits(key))?.key;
  }

  /** Callers that ask at the same time share one read. */
  async #refresh(): Promise<readonly LoadedKey<Key>[]> {
    const epoch = this.#options.epoch.current();
    if (this.#loading?.epoch === epoch) return this.#loading.keys;
    const started = { epoch, keys: this.#read(epoch) };
    this.#loading = started;
    try {
      return await started.keys;
    } finally {
      if (this.#loading === started) this.#loading = undefined;
    }
  }

  /** `epoch` was taken before: see RightsEpoch. */
  async #read(epoch: number): Promise<readonly LoadedKey<Key>[]> {
    const { reader, clock, purpose } = this.#options;
    const at = clock();
    const rows = (await reader.listSystemKeys(purpose)).filter((row) => row.retiredAt === null);
    const inOrder = rows.toSorted((a, b) => a.version - b.version);
    const keys = await Promise.all(inOrder.map((row) => this.#opened(row)));
    if (this.#loaded === undefined || this.#loaded.epoch <= epoch) this.#loaded = { epoch, at, keys };
    return keys;
  }

  async #opened(row: SystemKeyRow): Promise<LoadedKey<Key>> {
    // A key that is open already is kept: its import into the crypto library is what costs.
    const known = this.#loaded?.keys.find((key) => Buffer.compare(key.box, row.box) === 0);
    if (known !== undefined) return known;
    const { sealing, purpose, unseal } = this.#options;
    const plaintext = openBox({
      kind: 'systemKey',
      box: row.box,
      context: systemKeyContext({ purpose, version: row.version }),
      keyOf: (keyNumber) => sealing.ring?.keyOf(keyNumber),
      acceptClear: sealing.acceptClear,
    });
    return { createdAt: row.createdAt, box: row.box, key: await unseal(row, plaintext) };
  }
}
