/**
 * What every crash and fault test asks when the server runs again: is all that it acknowledged there, and nothing
 * that it did not? It knows the ledger, the state before, what the server shows now and what its database says.
 *
 * Points: (1) acknowledged content is readable, whole, under the right headers; (2) a tag has its last acknowledged
 * value or that of a request that was concurrent or not answered; (3) what was deleted stays deleted, and a request
 * without an answer was carried out wholly or not at all; (4) every manifest has its parts, and referrers are what the
 * manifests say; (5) lists unite to what is there; (6) counters are true, and every acknowledged change has one event,
 * numbered without a gap, and no event is without its request; (8) the server has started by itself. Point 7, bytes
 * without a reference, waits for something that reclaims them.
 */
import type { Clients } from './deployment.ts';
import { agentPrefix, type Driver } from './driver.ts';
import { type Operation, readLedger } from './ledger.ts';
import { listCatalog, listReferrers, listTags, type Observed, observe } from './observed-state.ts';
import { impossibleValues } from './possible-values.ts';
import { absent, parseRegister, present, registerName, type State } from './registers.ts';
import { replayEvents, type StoredEvent, type StoredFacts } from './stored-events.ts';
import { uploadFlaws } from './upload-flaws.ts';
import { places } from './workload.ts';

export interface Verdict {
  readonly flaws: readonly string[];
  readonly state: State;
  readonly counts: {
    readonly acknowledged: number;
    readonly unknown: number;
    readonly unknownApplied: number;
  };
}

export interface Evidence {
  readonly driver: Driver;
  readonly ledgerFile: string;
  readonly clients: Clients;
  readonly stored: StoredFacts;
}

/** At most so many registers that a run did not touch are read again after it; a last check reads them all. */
const untouchedReadMax = 40;

/** The oracle of one data folder: it carries what it saw from one check to the next. */
export class Oracle {
  #state: State = new Map();
  readonly #eventsSeen = new Map<string, number>();

  async check(evidence: Evidence, depth: 'touched' | 'all' = 'touched'): Promise<Verdict> {
    const { driver, clients, stored } = evidence;
    const operations = readLedger(evidence.ledgerFile);
    const before = this.#state;
    const events = this.#newEvents(stored.events);
    const replayed = replayEvents(before, events);
    const observed = await observe(clients, registersToRead({ operations, before, replayed, depth }));
    const state = new Map([...before, ...observed.state]);
    const flaws = [
      ...stored.flaws,
      ...observed.flaws,
      ...impossibleValues(operations, before, observed.state),
      ...differences(replayed, observed.state),
      ...eventFlaws(operations, events),
      ...partFlaws(observed, state),
      ...(await referrerFlaws(clients, observed, state)),
      ...(await listFlaws(clients, state)),
      ...(await uploadFlaws(driver, state)),
    ];
    this.#state = state;
    driver.forgetManifests((place, digest) => state.get(`manifest ${place} ${digest}`) === present);
    return { flaws, state, counts: countsOf(operations, events) };
  }

  #newEvents(events: readonly StoredEvent[]): StoredEvent[] {
    const fresh = events.filter(({ registry, number, userAgent }) => {
      return number > (this.#eventsSeen.get(registry) ?? 0) && userAgent.startsWith(agentPrefix);
    });
    for (const { registry, number } of events) this.#eventsSeen.set(registry, number);
    return fresh;
  }
}

function registersToRead(from: {
  readonly operations: readonly Operation[];
  readonly before: State;
  readonly replayed: State;
  readonly depth: 'touched' | 'all';
}): Set<string> {
  const { operations, before, replayed, depth } = from;
  const touched = operations.flatMap(({ effects }) => effects.map(({ register }) => register));
  const changed = [...replayed].filter(([name, value]) => before.get(name) !== value).map(([name]) => name);
  const untouched = [...before.keys()].sort(() => Math.random() - 0.5);
  const isTag = (name: string): boolean => parseRegister(name).kind === 'tag';
  const again = depth === 'all' ? untouched : untouched.slice(0, untouchedReadMax);
  return new Set([...touched, ...changed, ...again, ...untouched.filter(isTag)]);
}

/** The events tell the same story as the server: what happened without an event, or only half of it, shows here. */
function differences(replayed: State, observed: State): string[] {
  return [...observed]
    .filter(([name, value]) => (replayed.get(name) ?? absent) !== value)
    .map(([name, value]) => `${name} is ${value}, and ${replayed.get(name) ?? absent} by its events`);
}

function eventFlaws(operations: readonly Operation[], events: readonly StoredEvent[]): string[] {
  const byAgent = Map.groupBy(events, (event) => event.userAgent);
  const known = new Set(operations.map(({ id }) => id));
  const flaws = events
    .filter(({ userAgent }) => !known.has(userAgent))
    .map(({ kind, number, userAgent }) => `event ${number} ${kind} of ${userAgent}, which nobody sent`);
  for (const { id, request, effects, outcome } of operations) {
    const count = byAgent.get(id)?.length ?? 0;
    const isRight = {
      acknowledged: count === (effects.length > 0 ? 1 : 0),
      refused: count === 0,
      unknown: count <= 1,
    };
    if (!isRight[outcome]) flaws.push(`${request} (${id}) was ${outcome} and has ${count} events`);
  }
  return flaws;
}

function partFlaws(observed: Observed, state: State): string[] {
  const flaws: string[] = [];
  for (const [register, { config, layers = [] }] of observed.manifests) {
    const place = parseRegister(register);
    for (const part of [...(config === undefined ? [] : [config]), ...layers]) {
      const there = state.get(registerName('blob', place, part.digest));
      if (there !== present) flaws.push(`${register} lacks its part ${part.digest}`);
    }
  }
  return flaws;
}

async function referrerFlaws(clients: Clients, observed: Observed, state: State): Promise<string[]> {
  const bySubject = new Map<string, string[]>();
  for (const [register, { subject }] of observed.manifests) {
    if (subject === undefined || state.get(register) !== present) continue;
    const name = registerName('manifest', parseRegister(register), subject.digest);
    bySubject.set(name, [...(bySubject.get(name) ?? []), parseRegister(register).name]);
  }
  const flaws: string[] = [];
  for (const [subject, referrers] of bySubject) {
    const place = parseRegister(subject);
    const listed = await listReferrers(clients, place, place.name);
    for (const digest of referrers)
      if (!listed.includes(digest)) flaws.push(`${subject} does not list its referrer ${digest}`);
    for (const digest of listed)
      if (state.get(registerName('manifest', place, digest)) !== present)
        flaws.push(`${subject} lists the referrer ${digest}, which is not there`);
  }
  return flaws;
}

async function listFlaws(clients: Clients, state: State): Promise<string[]> {
  const flaws: string[] = [];
  const there = [...state].filter(([, value]) => value !== absent).map(([name]) => parseRegister(name));
  for (const place of places) {
    const isHere = (register: { registry: string; repository: string }): boolean =>
      register.registry === place.registry && register.repository === place.repository;
    const expected = there.filter((register) => register.kind === 'tag' && isHere(register));
    const listed = await listTags(clients, place);
    flaws.push(...unlike(`tags of ${place.registry}/${place.repository}`, listed, names(expected)));
  }
  for (const registry of clients.keys()) {
    const holding = there.filter(
      (register) => register.kind === 'manifest' && register.registry === registry,
    );
    const expected = new Set(holding.map(({ repository }) => repository));
    flaws.push(...unlike(`catalog of ${registry}`, await listCatalog(clients, registry), [...expected]));
  }
  return flaws;
}

const names = (registers: readonly { readonly name: string }[]): string[] =>
  registers.map(({ name }) => name);

function unlike(what: string, listed: readonly string[], expected: readonly string[]): string[] {
  const wanted = [...expected].sort().join(' ');
  return listed.join(' ') === wanted ? [] : [`${what}: «${listed.join(' ')}» instead of «${wanted}»`];
}

function countsOf(operations: readonly Operation[], events: readonly StoredEvent[]): Verdict['counts'] {
  const applied = new Set(events.map(({ userAgent }) => userAgent));
  const unknown = operations.filter(({ outcome, effects }) => outcome === 'unknown' && effects.length > 0);
  return {
    acknowledged: operations.filter(({ outcome }) => outcome === 'acknowledged').length,
    unknown: unknown.length,
    unknownApplied: unknown.filter(({ id }) => applied.has(id)).length,
  };
}
