import type { RouteRequirement } from './admission.ts';

/**
 * What a route of the framework declares. @throws TypeError for a route that declares nothing: at the start, so that no
 * server with such a route ever runs.
 */
export function requirementOf(route: { readonly url: string; readonly config?: unknown }): RouteRequirement {
  const { operation, requires, countsAs } = (route.config ?? {}) as Partial<RouteRequirement>;
  if (operation === undefined || requires === undefined) {
    throw new TypeError(`The route ${route.url} does not declare what it requires of its caller.`);
  }
  return countsAs === undefined ? { operation, requires } : { operation, requires, countsAs };
}
