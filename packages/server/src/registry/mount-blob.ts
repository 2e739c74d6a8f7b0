import { anonymousPrincipal } from '../access/anonymous-principal.ts';
import { authorise, type Caller } from '../access/authorise.ts';
import { limits } from '../limits.ts';
import { type Actor, commandOptions, type RegistryPorts } from './registry-ports.ts';

type Ports = Pick<RegistryPorts, 'reader' | 'bus' | 'newId' | 'now'>;

export interface MountRequest {
  readonly repositoryName: string;
  readonly digest: string;
  /** The repository that has the blob; undefined looks for one. */
  readonly from: string | undefined;
  readonly caller: Caller;
}

/**
 * Links a blob that another repository of the registry has (OCI end-11). False when there is none that the caller may
 * read: not existing and not being readable look the same, so that nobody can find out by its digest what is stored.
 */
export async function mountBlob(ports: Ports, actor: Actor, request: MountRequest): Promise<boolean> {
  const { repositoryName, digest } = request;
  const registry = actor.registry.id;
  const sources =
    request.from === undefined
      ? await ports.reader.listRepositoriesLinking(registry, digest, limits.mountSourcesMax)
      : [request.from];
  const from = sources.find((source) => mayRead(actor, request.caller, source));
  if (from === undefined) return false;
  const input = { registry, repositoryName, digest, from };
  const { mounted } = await ports.bus.execute('mountBlob', input, commandOptions(ports, actor));
  return mounted;
}

/**
 * True when only the token, not its owner's rights, keeps the caller from reading the source: then a token for both
 * repositories would do, and the caller can be told so (as distribution does).
 */
export function needsWiderToken(actor: Actor, caller: Caller, source: string): boolean {
  return !mayRead(actor, caller, source) && mayRead(actor, { ...caller, bound: undefined }, source);
}

/** Whatever everybody may pull, the bearer of a narrow token may pull too: he could leave the token out. */
function mayRead(actor: Actor, caller: Caller, name: string): boolean {
  const { id, settings } = actor.registry;
  const resource = { type: 'repository', registry: id, name } as const;
  const everybody = { principal: anonymousPrincipal(id), bound: undefined };
  return [caller, everybody].some(
    (who) => authorise({ caller: who, action: 'pull', resource }, settings).allowed,
  );
}
