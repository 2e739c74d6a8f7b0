import { DirectoryError } from '../../identity/directory-error.ts';
import { singleParameter } from '../single-parameter.ts';

/** Asked for along with a token; they mean nothing for an application. */
const signInScopes = ['openid', 'offline_access', 'profile', 'email'];

/** `scope` is one resource with `/.default` behind it; the older form is `resource`. Throws DirectoryError. */
export function readAudience(form: URLSearchParams): string {
  const resource = parameter(form, 'resource');
  if (resource !== undefined) return resource;
  const scopes = requiredParameter(form, 'scope')
    .split(/\s+/)
    .filter((scope) => scope !== '' && !signInScopes.includes(scope));
  const [scope, ...others] = scopes;
  if (scope === undefined || others.length > 0 || !scope.endsWith('/.default')) {
    const message = `The provided value for the input parameter 'scope' is not valid: it must be one resource with /.default behind it.`;
    throw new DirectoryError('invalid_scope', 70011, message);
  }
  return scope.slice(0, -'/.default'.length);
}

/** Throws DirectoryError when it is not there. */
export function requiredParameter(form: URLSearchParams, name: string): string {
  const value = parameter(form, name);
  if (value !== undefined) return value;
  const message = `The request body must contain the following parameter: '${name}'.`;
  throw new DirectoryError('invalid_request', 900144, message);
}

/** Empty is as not given. Throws DirectoryError for one that comes twice. */
export function parameter(form: URLSearchParams, name: string): string | undefined {
  const twice = () =>
    new DirectoryError('invalid_request', 90023, `The parameter '${name}' is given more than once.`);
  return singleParameter(form, name, twice) || undefined;
}
