import { limits } from '../limits.ts';

/** The client's own id where it is sane, so that its logs and ours can be laid side by side; else a new one. */
export function requestIdOf(asked: string | undefined, newId: () => string): string {
  const isSane = asked !== undefined && asked.length <= limits.requestIdCharsMax && /^[\w.:-]+$/.test(asked);
  return isSane ? asked : newId();
}
