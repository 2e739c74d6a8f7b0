import type { Command } from 'commander';
import { askServer } from './ask-server.ts';
import { CommandError } from './command-error.ts';
import { example } from './example-text.ts';
import { readText } from './read-text.ts';
import { renderRole, renderRoles } from './render-access.ts';
import { parseRoleDefinition, type RoleDefinition } from './role-definition.ts';
import type { Session } from './session.ts';

interface RoleOptions {
  readonly definition?: string;
  readonly description?: string;
  readonly action?: string[];
  readonly notAction?: string[];
  readonly dataAction?: string[];
  readonly notDataAction?: string[];
  readonly assignableScope?: string[];
}

/** `role list|show|create|update|delete`. */
export function addRoleCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const role = program.command('role').description('the built-in roles of Azure, and roles of your own');
  role
    .command('list')
    .description('lists them; --output json shows their permissions')
    .addHelpText('after', example('role list'))
    .action(async () => session.show(await askServer(folder(), 'role.list', {}), renderRoles));
  role
    .command('show <role>')
    .description('shows what a role may do')
    .addHelpText('after', example('role show AcrPush'))
    .action(async (named: string) =>
      session.show(await askServer(folder(), 'role.show', { role: named }), renderRole),
    );
  for (const [verb, description] of [
    ['create', 'makes a role of your own'],
    ['update', 'gives a role of your own other actions, in the place of those that it has'],
  ] as const)
    withPermissions(role.command(`${verb} [name]`).description(description))
      .addHelpText('after', example(`role ${verb} promoter --data-action ${contentRead} ${contentWrite}`))
      .action(async (name: string | undefined, given: RoleOptions) => {
        const input = await definitionOf(name, given);
        session.show(await askServer(folder(), `role.${verb}`, input), renderRole);
      });
  role
    .command('delete <role>')
    .description('deletes a role of your own that nobody has')
    .addHelpText('after', example('role delete promoter'))
    .action(async (named: string) =>
      session.show(await askServer(folder(), 'role.delete', { role: named }), () => 'The role is deleted.'),
    );
}

const contentRead = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
const contentWrite = 'Microsoft.ContainerRegistry/registries/repositories/content/write';

function withPermissions(command: Command): Command {
  return command
    .option('--action <names...>', 'actions, such as Microsoft.ContainerRegistry/registries/*/read')
    .option('--not-action <names...>', 'what is taken away from them again')
    .option('--data-action <names...>', `data actions, such as ${contentRead}`)
    .option('--not-data-action <names...>', 'what is taken away from them again')
    .option('--assignable-scope <paths...>', 'where it may be given: /subscriptions/… or below')
    .option('--description <text>', 'what it is for')
    .option('--definition <file>', "all of it in Azure's JSON, in the place of the others");
}

async function definitionOf(name: string | undefined, given: RoleOptions): Promise<RoleDefinition> {
  const { definition, ...options } = given;
  if (definition !== undefined) {
    if (Object.keys(options).length > 0)
      throw new CommandError('usage', 'Give --definition, or the actions one by one, not both.');
    return parseRoleDefinition(await readText(definition), name);
  }
  if (name === undefined) throw new CommandError('usage', 'Say what the role is called.');
  const { action, notAction, dataAction, notDataAction, assignableScope, description } = options;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(action === undefined ? {} : { actions: action }),
    ...(notAction === undefined ? {} : { notActions: notAction }),
    ...(dataAction === undefined ? {} : { dataActions: dataAction }),
    ...(notDataAction === undefined ? {} : { notDataActions: notDataAction }),
    ...(assignableScope === undefined ? {} : { assignableScopes: assignableScope }),
  };
}
