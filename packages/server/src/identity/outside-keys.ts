/**
 * The keys of outside issuers, as a serving thread has them: given by the operator, or fetched and remembered.
 *
 * Invariants. What is fetched is named by the operator alone, never by a token: from the issuer's own address, and
 * keys from the same origin unless the operator named another. One fetch of a set is under way at a time, and the next
 * begins no sooner than `issuerFetchIntervalMs` after the last, whatever tokens ask for. A fetch that fails takes no
 * key away. Keys end when they were last fetched `issuerKeysStaleSeconds` ago.
 */
import { LRUCache } from 'lru-cache';
import { limits } from '../limits.ts';
import { discoveryUrl } from './issuer-url.ts';
import { type IssuerKey, pickKey, readKeySet, type WantedKey } from './key-set.ts';

/** Where the keys of an issuer come from. */
export interface KeySource {
  readonly issuer: string;
  /** A JWK set as JSON, given by the operator: then nothing is fetched. */
  readonly keys: string | undefined;
  /** Undefined where the issuer's discovery document says it. */
  readonly jwksUri: string | undefined;
  /** The authorities (PEM) that are believed in the place of the system's. */
  readonly ca: string | undefined;
}

/** Gets a JSON document. Throws an Error that says what went wrong: redirects, other statuses, too much, too slow. */
export type FetchJson = (url: string, options: { readonly ca: string | undefined }) => Promise<unknown>;

/** There are no keys to check with: nothing is known of the token, neither good nor bad. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface OutsideKeys {
  /** The key that must have signed a token; undefined when the issuer has none such. Throws KeysUnavailable. */
  find(source: KeySource, wanted: WantedKey): Promise<IssuerKey | undefined>;
}

interface KeysParts {
  readonly fetchJson: FetchJson;
  /** Milliseconds. */
  readonly clock: () => number;
  /** Told of each fetch that failed. */
  readonly onFailure: (issuer: string, why: string) => void;
}

export function createOutsideKeys(parts: KeysParts): OutsideKeys {
  // Sources are named by operators alone, so no token can push one out.
  const fetched = new LRUCache<string, FetchedKeys>({ max: limits.issuerKeySetsMax });
  const given = new LRUCache<string, readonly IssuerKey[]>({ max: limits.issuerKeySetsMax });
  return {
    async find(source, wanted) {
      if (source.keys !== undefined) {
        const keys = given.get(source.keys) ?? readKeySet(JSON.parse(source.keys)) ?? [];
        given.set(source.keys, keys);
        return pickKey(keys, wanted);
      }
      const name = JSON.stringify([source.issuer, source.jwksUri, source.ca]);
      const set = fetched.get(name) ?? new FetchedKeys(source, parts);
      fetched.set(name, set);
      return set.find(wanted);
    },
  };
}

/** The keys of one issuer. */
class FetchedKeys {
  readonly #source: KeySource;
  readonly #parts: KeysParts;
  readonly #unknown = new LRUCache<string, number>({ max: limits.unknownKeysRememberedMax });
  #keys: readonly IssuerKey[] | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #failure = 'nothing was fetched yet';
  #flight: Promise<void> | undefined;
  #jwks: { readonly uri: string; readonly at: number } | undefined;

  constructor(source: KeySource, parts: KeysParts) {
    this.#source = source;
    this.#parts = parts;
  }

  async find(wanted: WantedKey): Promise<IssuerKey | undefined> {
    const isFresh = this.#ageMs() < limits.issuerKeysFreshSeconds * 1000;
    const known = this.#pick(wanted);
    if (known !== undefined && isFresh) return known;
    const fetchedBefore = this.#fetchedAt;
    if (!isFresh || !this.#isKnownAsUnknown(wanted)) await this.#refresh();
    const keys = this.#usable();
    if (keys === undefined)
      throw new KeysUnavailable(`no keys of ${this.#source.issuer} are at hand: ${this.#failure}`);
    const found = pickKey(keys, wanted);
    // Only what a fetch has just not brought is unknown: a new key may come in the moments in which none is allowed.
    if (found === undefined && this.#fetchedAt > fetchedBefore)
      this.#unknown.set(nameOf(wanted), this.#parts.clock());
    return found;
  }

  /** So that one client with a key that nobody knows costs the issuer nothing more. */
  #isKnownAsUnknown(wanted: WantedKey): boolean {
    const at = this.#unknown.get(nameOf(wanted));
    return at !== undefined && this.#parts.clock() - at < limits.unknownKeySeconds * 1000;
  }

  #pick(wanted: WantedKey): IssuerKey | undefined {
    const keys = this.#usable();
    return keys === undefined ? undefined : pickKey(keys, wanted);
  }

  #usable(): readonly IssuerKey[] | undefined {
    return this.#ageMs() < limits.issuerKeysStaleSeconds * 1000 ? this.#keys : undefined;
  }

  #ageMs(): number {
    return this.#parts.clock() - this.#fetchedAt;
  }

  /** Joins the fetch that is under way, or begins one if the last is long enough ago. It never throws. */
  async #refresh(): Promise<void> {
    if (this.#flight === undefined) {
      const now = this.#parts.clock();
      if (now - this.#triedAt < limits.issuerFetchIntervalMs) return;
      this.#triedAt = now;
      this.#flight = this.#fetch(now).finally(() => {
        this.#flight = undefined;
      });
    }
    await this.#flight;
  }

  async #fetch(now: number): Promise<void> {
    try {
      const uri = await this.#jwksUri(now);
      const keys = readKeySet(await this.#parts.fetchJson(uri, this.#source));
      if (keys === undefined || keys.length === 0)
        throw new Error(`${uri} answered no JWK set with a key that can be used`);
      this.#keys = keys;
      this.#fetchedAt = now;
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      this.#jwks = undefined;
      this.#parts.onFailure(this.#source.issuer, this.#failure);
    }
  }

  async #jwksUri(now: number): Promise<string> {
    if (this.#source.jwksUri !== undefined) return this.#source.jwksUri;
    const known = this.#jwks;
    if (known !== undefined && now - known.at < limits.issuerDiscoverySeconds * 1000) return known.uri;
    const url = discoveryUrl(this.#source.issuer);
    const uri = jwksUriIn(await this.#parts.fetchJson(url, this.#source), this.#source.issuer);
    this.#jwks = { uri, at: now };
    return uri;
  }
}

const nameOf = ({ alg, kid }: WantedKey): string => `${alg} ${kid ?? ''}`.slice(0, 256);

/** The address in a discovery document, which must be this issuer's and stay at home. */
function jwksUriIn(document: unknown, issuer: string): string {
  const { issuer: named, jwks_uri: uri } = (document ?? {}) as Record<string, unknown>;
  if (named !== issuer) throw new Error(`the discovery document names another issuer: ${String(named)}`);
  if (typeof uri !== 'string' || !URL.canParse(uri))
    throw new Error('the discovery document names no jwks_uri');
  if (new URL(uri).origin !== new URL(issuer).origin)
    throw new Error(`its jwks_uri ${uri} is at another origin: allow it with --jwks-uri`);
  return uri;
}
