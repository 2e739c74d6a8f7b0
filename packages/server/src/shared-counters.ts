import { allocateLoginMemory, type LoginMemory } from './identity/login-failures.ts';
import { limits } from './limits.ts';
import type { Sources } from './process-sources.ts';
import { SharedBuckets } from './rates/shared-buckets.ts';

/** What all serving threads count in together. */
export interface SharedCounters {
  readonly logins: LoginMemory;
  /** Undefined where calls are not limited. */
  readonly calls: SharedArrayBuffer | undefined;
}

/** Memory for a process; the threads that share it have clocks that agree. */
export function allocateCounters(
  { rateLimits }: { readonly rateLimits: 'off' | 'acr' },
  { now, randomBytes }: Sources,
): SharedCounters {
  const secret = Buffer.from(randomBytes(16)).toString('hex');
  return {
    logins: allocateLoginMemory(secret, now()),
    calls: rateLimits === 'off' ? undefined : SharedBuckets.allocate(limits.callBuckets, now()),
  };
}
