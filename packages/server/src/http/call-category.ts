import type { CallCategory } from '../registry/tiers.ts';
import type { RouteRequirement } from './admission.ts';

/** What a request is counted as: what its route declares, else its method decides, as in ACR. */
export function callCategory({ countsAs, requires }: RouteRequirement, method: string): CallCategory {
  if (countsAs !== undefined) return countsAs;
  // Whoever asks for a token is not known yet.
  if (requires.kind === 'host') return 'OAuth';
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
      return 'DataplaneRead';
    case 'DELETE':
      return 'DataplaneDelete';
    default:
      return 'DataplaneWrite';
  }
}
