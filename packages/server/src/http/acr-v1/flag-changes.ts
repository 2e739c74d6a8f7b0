import { isJsonObject, type JsonObject } from '@cerulean/oci/json-object.ts';
import { RegistryError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { ContentFlags } from '../../registry/content-flags.ts';
import type { Exchange } from '../exchange.ts';
import { readSmallBody } from '../request-body.ts';

const names = ['deleteEnabled', 'writeEnabled', 'readEnabled', 'listEnabled'] as const;
const quarantineNames = ['quarantineState', 'quarantineDetails'] as const;

/**
 * The flags that a PATCH changes; the others stay as they are. Members that nobody knows are passed over, as ACR does.
 * @throws bad_request for a body that is no JSON object, for a flag that is no boolean, and for quarantine
 */
export async function readFlagChanges(exchange: Exchange): Promise<Partial<ContentFlags>> {
  const most = { bytesMax: limits.attributesBodyBytesMax, code: 'bad_request', what: 'The body' } as const;
  const body = parseObject((await readSmallBody(exchange, most)).toString('utf8'));
  for (const name of quarantineNames) {
    if (body[name] === undefined || body[name] === null) continue;
    throw new RegistryError('bad_request', `This registry has no quarantine: ${name} can't be set.`);
  }
  const given = names.filter((name) => body[name] !== undefined && body[name] !== null);
  return Object.fromEntries(given.map((name) => [name, flagOf(name, body[name])]));
}

function parseObject(text: string): JsonObject {
  try {
    const body: unknown = JSON.parse(text);
    if (isJsonObject(body)) return body;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new RegistryError('bad_request', 'The body must be a JSON object with the attributes to change.');
}

function flagOf(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new RegistryError('bad_request', `${name} must be true or false.`);
}
