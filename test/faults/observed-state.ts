import type { Reply } from '../process/http-call.ts';
import { type RegistryClient, sha256 } from '../process/registry-client.ts';
import type { Clients } from './deployment.ts';
import { absent, type Place, parseRegister, present, type Register, registerName } from './registers.ts';

/** What a server shows of the registers that it was asked for. */
export interface Observed {
  readonly state: ReadonlyMap<string, string>;
  /** Manifests that are there, by register, as they came. */
  readonly manifests: ReadonlyMap<string, ManifestText>;
  /** Answers that are wrong in themselves: other bytes than the digest says, a failure, a length that is not true. */
  readonly flaws: readonly string[];
}

export interface ManifestText {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly subject?: { readonly digest: string };
}

/** Reads every one of these registers, whole: bodies are hashed. */
export async function observe(clients: Clients, registers: Iterable<string>): Promise<Observed> {
  const state = new Map<string, string>();
  const manifests = new Map<string, ManifestText>();
  const flaws: string[] = [];
  for (const name of registers) {
    const register = parseRegister(name);
    const reply = await clientOf(clients, register)
      .get(pathOf(register))
      .catch((error: unknown) => String(error));
    if (typeof reply === 'string') {
      flaws.push(`${name}: the answer ended before its end (${reply})`);
      continue;
    }
    flaws.push(...answerFlaws(name, register, reply));
    const digest = String(reply.headers['docker-content-digest']);
    const there = register.kind === 'tag' ? digest : present;
    state.set(name, reply.status === 200 ? there : absent);
    if (reply.status !== 200 || register.kind === 'blob') continue;
    manifests.set(registerName('manifest', register, digest), JSON.parse(reply.text) as ManifestText);
  }
  return { state, manifests, flaws };
}

function pathOf({ kind, repository, name }: Register): string {
  return `/v2/${repository}/${kind === 'blob' ? 'blobs' : 'manifests'}/${name}`;
}

function answerFlaws(name: string, register: Register, reply: Reply): string[] {
  if (reply.status === 404) return [];
  if (reply.status !== 200) return [`${name}: ${reply.status} ${reply.text}`];
  const { headers, body } = reply;
  const digest = String(headers['docker-content-digest']);
  const flaws: string[] = [];
  if (sha256(body) !== digest) flaws.push(`${name}: the bytes are not those of ${digest}`);
  if (register.kind !== 'tag' && digest !== register.name) flaws.push(`${name}: it calls itself ${digest}`);
  if (Number(headers['content-length']) !== body.length)
    flaws.push(`${name}: Content-Length ${headers['content-length']} for ${body.length} bytes`);
  const type = register.kind === 'blob' ? 'application/octet-stream' : typeOfManifest(reply.text);
  if (headers['content-type'] !== type) flaws.push(`${name}: Content-Type ${headers['content-type']}`);
  return flaws;
}

const typeOfManifest = (text: string): string => (JSON.parse(text) as { mediaType: string }).mediaType;

/** Tags of a place as its list has them, in small pages. */
export function listTags(clients: Clients, place: Place): Promise<string[]> {
  return listPages(clientOf(clients, place), `/v2/${place.repository}/tags/list?n=3`, 'tags');
}

/** The repositories that a registry's catalog lists, in small pages. */
export function listCatalog(clients: Clients, registry: string): Promise<string[]> {
  return listPages(clientOf(clients, { registry, repository: '' }), '/v2/_catalog?n=1', 'repositories');
}

/** Digests of a manifest's referrers. */
export async function listReferrers(clients: Clients, place: Place, digest: string): Promise<string[]> {
  const reply = await clientOf(clients, place).get(`/v2/${place.repository}/referrers/${digest}`);
  const { manifests } = JSON.parse(reply.text) as { manifests?: { digest: string }[] };
  return (manifests ?? []).map((one) => one.digest);
}

async function listPages(client: RegistryClient, first: string, member: string): Promise<string[]> {
  const found: string[] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const reply = await client.get(path);
    // A repository that holds nothing yet is not known.
    if (reply.status === 404) return found;
    found.push(...((JSON.parse(reply.text) as Record<string, string[]>)[member] ?? []));
    const next: string | undefined = /<([^>]+)>/.exec(String(reply.headers['link'] ?? ''))?.[1];
    path = next === undefined ? undefined : pathIn(next);
  }
  return found;
}

function pathIn(link: string): string {
  const url = new URL(link, 'http://unused');
  return url.pathname + url.search;
}

function clientOf(clients: Clients, place: Place): RegistryClient {
  const client = clients.get(place.registry);
  if (client === undefined) throw new Error(`There is no registry ${place.registry} here.`);
  return client;
}
