import type { RegistryError } from '../errors.ts';

/** The Retry-After header of a refusal whose detail says `retryAfterSeconds`; no header for another. */
export function retryAfter({ detail }: RegistryError): Readonly<Record<string, string>> {
  const seconds = detail === undefined || Array.isArray(detail) ? undefined : secondsIn(detail);
  return seconds === undefined ? {} : { 'Retry-After': String(seconds) };
}

function secondsIn(detail: object): number | undefined {
  const seconds = 'retryAfterSeconds' in detail ? detail.retryAfterSeconds : undefined;
  return typeof seconds === 'number' ? seconds : undefined;
}
