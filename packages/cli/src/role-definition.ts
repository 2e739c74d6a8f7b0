import { CommandError } from './command-error.ts';

/** A custom role as the server takes it. */
export interface RoleDefinition {
  readonly name: string;
  readonly description?: string;
  readonly actions?: string[];
  readonly notActions?: string[];
  readonly dataActions?: string[];
  readonly notDataActions?: string[];
  readonly assignableScopes?: string[];
}

const lists = ['actions', 'notActions', 'dataActions', 'notDataActions', 'assignableScopes'] as const;

/**
 * Reads a role in the JSON that Azure's tools take: `Name`, `Description`, `Actions`, `NotActions`, `DataActions`,
 * `NotDataActions`, `AssignableScopes`, with names in any case. Members that say nothing here (`Id`, `IsCustom`) are
 * passed over; a misspelt one is refused, since a forgotten `NotActions` would give more. @throws CommandError
 */
export function parseRoleDefinition(json: string, name: string | undefined): RoleDefinition {
  const members = new Map(
    Object.entries(parseObject(json)).map(([key, value]) => [key.toLowerCase(), value] as const),
  );
  const known = [
    'name',
    'rolename',
    'description',
    'id',
    'iscustom',
    'type',
    ...lists.map((key) => key.toLowerCase()),
  ];
  const odd = [...members.keys()].find((key) => !known.includes(key));
  if (odd !== undefined)
    throw new CommandError(
      'usage',
      `The definition has a member ${odd} that no role has. What there is: Name, Description, Actions, NotActions, DataActions, NotDataActions, AssignableScopes.`,
    );
  const named = name ?? members.get('rolename') ?? members.get('name');
  if (typeof named !== 'string')
    throw new CommandError(
      'usage',
      'The role has no name: write it behind the command, or as Name in the file.',
    );
  const description = members.get('description');
  if (description !== undefined && typeof description !== 'string')
    throw new CommandError('usage', 'Description must be a text.');
  const given = lists.flatMap((key) => {
    const value = members.get(key.toLowerCase());
    return value === undefined ? [] : [[key, textsOf(key, value)] as const];
  });
  return {
    name: named,
    ...(description === undefined ? {} : { description }),
    ...Object.fromEntries(given),
  };
}

function parseObject(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CommandError(
    'usage',
    'The definition must be a JSON object, as Azure has it: {"Name": …, "Actions": […]}.',
  );
}

function textsOf(name: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw new CommandError('usage', `${name} must be a list of texts.`);
}
