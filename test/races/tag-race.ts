/** Clients that race on the tags of one repository through several serving threads, and write down what they saw. */
import type { Reply } from '../process/http-call.ts';
import { adminOf, sha256 } from '../process/registry-client.ts';
import type { ServerProcess } from '../process/server-process.ts';
import { type Connection, openConnection } from './connection.ts';
import { type EmptyIndex, emptyIndex, indexType, putIndex } from './empty-index.ts';
import { type Call, type Condition, HistoryRecorder, type Outcome, type Value } from './register-history.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

export interface TagRace {
  readonly tags: readonly string[];
  readonly writersPerTag: number;
  readonly readersPerTag: number;
  readonly operationsPerClient: number;
  /** Requests whose client goes away before the answer, in all, for each tag: each doubles the checker's work. */
  readonly abandonedPerTag: number;
  readonly seed: number;
}

const repository = 'races/tags';

interface Racer {
  readonly name: string;
  readonly tag: string;
  readonly connection: Connection;
  readonly random: SeededRandom;
  readonly history: HistoryRecorder;
  readonly manifests: readonly EmptyIndex[];
  /** Shared by the clients of a tag. */
  readonly abandonsLeft: { count: number };
  /** What this client believes that the tag holds: conditions are made of it. */
  believes: Value;
}

/** Runs one race; answers each tag's history, all of which begin without the tag. */
export async function raceOnTags(
  server: ServerProcess,
  race: TagRace,
): Promise<HistoryRecorder['histories']> {
  const admin = adminOf(server);
  const manifests = Array.from({ length: 5 }, (_, index) => emptyIndex({ number: String(index) }));
  for (const index of manifests) await putIndex(admin, repository, { reference: index.digest, index });
  for (const tag of race.tags) await admin.call(`/v2/${repository}/manifests/${tag}`, { method: 'DELETE' });
  using opened = new DisposableStack();
  const history = new HistoryRecorder(race.tags);
  const running: (() => Promise<void>)[] = [];
  for (const tag of race.tags) {
    const abandonsLeft = { count: race.abandonedPerTag };
    for (let index = 0; index < race.writersPerTag + race.readersPerTag; index += 1) {
      // One after the other: so the clients of a tag are spread over the threads.
      const connection = opened.use(await openConnection(admin));
      const random = seededRandom(race.seed + running.length);
      const isWriter = index < race.writersPerTag;
      const name = `${isWriter ? 'writer' : 'reader'} ${running.length}`;
      const racer = { name, tag, connection, random, history, manifests, abandonsLeft, believes: null };
      running.push(() => runClient(racer, isWriter ? writeSomething : readTag, race.operationsPerClient));
    }
  }
  await Promise.all(running.map((run) => run()));
  return history.histories;
}

async function runClient(
  racer: Racer,
  act: (racer: Racer) => Promise<void>,
  operations: number,
): Promise<void> {
  for (let done = 0; done < operations; done += 1) await act(racer);
}

async function readTag(racer: Racer): Promise<void> {
  const { history, name, connection, tag, random } = racer;
  const method = random.chance(0.5) ? 'GET' : 'HEAD';
  const operation = { client: name, registers: [tag], call: { kind: 'read' } } as const;
  const outcome = await history.record(operation, async () => {
    const reply = await connection.call(`/v2/${repository}/manifests/${tag}`, {
      method,
      headers: { accept: indexType },
    });
    return { result: 'saw', value: valueSeen(reply, method) };
  });
  if (outcome.result === 'saw') racer.believes = outcome.value;
}

/** What a GET or HEAD says that the tag holds; its headers and its body must agree. */
function valueSeen(reply: Reply, method: string): Value {
  if (reply.status === 404) return null;
  const digest = String(reply.headers['docker-content-digest']);
  if (reply.status !== 200) throw new Error(`reading a tag: ${reply.status} ${reply.text}`);
  if (reply.headers.etag !== `"${digest}"`) throw new Error(`ETag ${reply.headers.etag} of ${digest}`);
  if (method === 'GET' && sha256(reply.body) !== digest) throw new Error(`another body than ${digest}`);
  return digest;
}

async function writeSomething(racer: Racer): Promise<void> {
  const { random, believes, manifests } = racer;
  const manifest = random.pick(manifests);
  const condition: Condition = believes === null ? 'absent' : { is: believes };
  const kind = random.below(20);
  if (kind < 4) return readTag(racer);
  if (kind < 7) return write(racer, manifest, 'none');
  if (kind < 13) return write(racer, manifest, condition);
  if (kind < 15) return write(racer, manifest, 'absent');
  if (kind < 18) return write(racer, undefined, believes === null ? 'exists' : condition);
  if (kind < 19) return write(racer, undefined, 'exists');
  return sweep(racer, manifest);
}

/** Puts the tag on a manifest, or deletes it. */
async function write(racer: Racer, manifest: EmptyIndex | undefined, condition: Condition): Promise<void> {
  const value = manifest?.digest ?? null;
  const call: Call = { kind: 'write', value, condition };
  const request = {
    method: manifest === undefined ? 'DELETE' : 'PUT',
    headers: { 'content-type': indexType, ...conditionHeaders(condition) },
    ...(manifest !== undefined && { body: manifest.body }),
  };
  const outcome = await record(racer, call, { ...request, reference: racer.tag });
  if (outcome.result === 'done') racer.believes = value;
  else if (outcome.result === 'refused' && outcome.current !== undefined) racer.believes = outcome.current;
}

/** Deletes a manifest with all tags that point at it. The next put of the tag makes it anew. */
async function sweep(racer: Racer, { digest }: EmptyIndex): Promise<void> {
  await record(racer, { kind: 'sweep', digest }, { method: 'DELETE', reference: digest });
}

function conditionHeaders(condition: Condition): Record<string, string> {
  if (condition === 'absent') return { 'if-none-match': '*' };
  return typeof condition === 'object' ? { 'if-match': `"${condition.is}"` } : {};
}

interface SentWrite {
  readonly reference: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function record(racer: Racer, call: Call, { reference, ...request }: SentWrite): Promise<Outcome> {
  const { name, tag, history, connection, random, abandonsLeft } = racer;
  const path = `/v2/${repository}/manifests/${reference}`;
  const registers = call.kind === 'sweep' ? [...history.histories.keys()] : [tag];
  return history.record({ client: name, registers, call }, async () => {
    // A sweep that nobody knows the end of would stay possible for ever, on every tag.
    if (call.kind === 'write' && abandonsLeft.count > 0 && random.chance(0.03)) {
      abandonsLeft.count -= 1;
      await connection.abandon(path, request, random.below(4));
      return { result: 'unknown' };
    }
    return outcomeOf(await connection.call(path, request));
  });
}

function outcomeOf(reply: Reply): Outcome {
  if (reply.status === 201 || reply.status === 202) return { result: 'done' };
  if (reply.status === 404) return { result: 'refused' };
  if (reply.status !== 412) throw new Error(`writing a tag: ${reply.status} ${reply.text}`);
  const error = JSON.parse(reply.text) as { errors: [{ detail?: { current?: Value } }] };
  const current = error.errors[0].detail?.current;
  return { result: 'refused', ...(current !== undefined && { current }) };
}
