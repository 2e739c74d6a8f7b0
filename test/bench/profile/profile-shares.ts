/** A V8 CPU profile, in the members that are read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds on the monotonic clock. */
  readonly startTime: number;
  /** A node's id for each sample. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

/** Microseconds by name, largest first. */
export type Shares = readonly (readonly [name: string, us: number])[];

export interface ProfileShares {
  readonly busyUs: number;
  /** Time in each function itself. */
  readonly self: Shares;
  /** Time by package or folder; what V8 and C++ do counts for whoever called them. */
  readonly byModule: Shares;
  /** Time in each function of this project with all that it calls. */
  readonly total: Shares;
}

/**
 * Where the time of threads of one kind went within the window (microseconds on the monotonic clock). A sample stands
 * for the time until the next one. Idle time is left out; time in which a busy thread had no core is not, since V8
 * can't tell.
 */
export function profileShares(
  profiles: readonly CpuProfile[],
  window: readonly [number, number],
): ProfileShares {
  const self = new Tally();
  const byModule = new Tally();
  const total = new Tally();
  let busyUs = 0;
  for (const profile of profiles) {
    const selfUs = selfTimes(profile, window);
    walk(profile, (stack) => {
      const [node] = stack;
      const us = node === undefined ? undefined : selfUs.get(node.id);
      if (node === undefined || us === undefined || node.callFrame.functionName === '(idle)') return;
      busyUs += us;
      self.add(nameOf(node), us);
      byModule.add(stack.map(moduleOf).find((module) => module !== undefined) ?? nameOf(node), us);
      const own = stack.filter(({ callFrame }) => callFrame.url.includes('/packages/')).map(nameOf);
      for (const name of new Set(own)) total.add(name, us);
    });
  }
  return { busyUs, self: self.sorted(), byModule: byModule.sorted(), total: total.sorted() };
}

class Tally {
  readonly #us = new Map<string, number>();

  add(name: string, us: number): void {
    this.#us.set(name, (this.#us.get(name) ?? 0) + us);
  }

  sorted(): Shares {
    return [...this.#us].toSorted(([, a], [, b]) => b - a);
  }
}

function selfTimes(profile: CpuProfile, window: readonly [number, number]): Map<number, number> {
  const selfUs = new Map<number, number>();
  let atUs = profile.startTime;
  for (const [index, node] of profile.samples.entries()) {
    atUs += profile.timeDeltas[index] ?? 0;
    if (atUs < window[0] || atUs > window[1]) continue;
    selfUs.set(node, (selfUs.get(node) ?? 0) + (profile.timeDeltas[index + 1] ?? 0));
  }
  return selfUs;
}

/** Visits every node with its stack, the node itself first. */
function walk(profile: CpuProfile, visit: (stack: readonly ProfileNode[]) => void): void {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const root = profile.nodes[0];
  const queue: (readonly ProfileNode[])[] = root === undefined ? [] : [[root]];
  for (let stack = queue.pop(); stack !== undefined; stack = queue.pop()) {
    visit(stack);
    for (const id of stack[0]?.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) queue.push([child, ...stack]);
    }
  }
}

function nameOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${placeOf(url)}:${lineNumber + 1}`;
}

/** `node_modules/pino`, `node:net`, `http/lean`; undefined for what has no file. */
function moduleOf({ callFrame }: ProfileNode): string | undefined {
  if (callFrame.functionName === '(garbage collector)') return callFrame.functionName;
  const place = placeOf(callFrame.url);
  if (place === '') return undefined;
  if (place.startsWith('node:')) return place.replace(/^(node:(internal\/)?[^/]+).*$/, '$1');
  if (place.startsWith('node_modules/')) return place.replace(/^(node_modules\/(@[^/]+\/)?[^/]+).*$/, '$1');
  return place.replace(/^packages\//, '').replace(/\/[^/]*$/, '');
}

const placeOf = (url: string): string => url.replace(/^file:\/\/.*?\/(packages|node_modules|bin)\//, '$1/');
