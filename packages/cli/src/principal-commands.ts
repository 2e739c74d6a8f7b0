import { type Command, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { example } from './example-text.ts';
import { renderDirectory, renderPrincipal, renderPrincipals } from './render-access.ts';
import type { Session } from './session.ts';

type PrincipalType = 'service-principal' | 'user' | 'group' | 'managed-identity';

/** `principal create|list|show|enable|disable|delete`, `group add|remove` and `directory show`. */
export function addPrincipalCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const principal = program
    .command('principal')
    .description('who may be given roles: service principals, users, groups and managed identities');
  principal
    .command('create <name>')
    .description('makes a principal; it may do nothing until it has a role')
    .addOption(
      new Option('--type <type>', 'what it is')
        .choices(['service-principal', 'user', 'group', 'managed-identity'])
        .default('service-principal'),
    )
    .addHelpText('after', example('principal create ci'))
    .action(async (name: string, given: { type: PrincipalType }) => {
      const input = { name, type: given.type };
      session.show(await askServer(folder(), 'principal.create', input), renderPrincipal);
    });
  principal
    .command('list')
    .description('lists all principals')
    .addHelpText('after', example('principal list --output json'))
    .action(async () => session.show(await askServer(folder(), 'principal.list', {}), renderPrincipals));
  principal
    .command('show <principal>')
    .description('shows one, by its name, object id or client id')
    .addHelpText('after', example('principal show ci'))
    .action(async (name: string) =>
      session.show(await askServer(folder(), 'principal.show', { principal: name }), renderPrincipal),
    );
  for (const [word, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    principal
      .command(`${word} <principal>`)
      .description(enabled ? 'lets it in again' : 'keeps it out at once, with every token that it holds')
      .addHelpText('after', example(`principal ${word} ci`))
      .action(async (name: string) => {
        const input = { principal: name, enabled };
        session.show(await askServer(folder(), 'principal.set', input), renderPrincipal);
      });
  }
  principal
    .command('delete <principal>')
    .description('deletes it with its secrets and role assignments; its tokens are worth nothing at once')
    .addHelpText('after', example('principal delete ci'))
    .action(async (name: string) =>
      session.show(
        await askServer(folder(), 'principal.delete', { principal: name }),
        () => `The principal ${name} is deleted.`,
      ),
    );
  addGroupCommands(program, session);
  addDirectoryCommand(program, session);
}

function addDirectoryCommand(program: Command, session: Session): void {
  program
    .command('directory')
    .description('the tenant that principals belong to')
    .command('show')
    .description('shows the ids of the tenant and the subscription')
    .addHelpText('after', example('directory show'))
    .action(async () =>
      session.show(await askServer(session.dataFolder(), 'directory.show', {}), renderDirectory),
    );
}

function addGroupCommands(program: Command, session: Session): void {
  const group = program.command('group').description('who is in a group, and has its roles');
  for (const word of ['add', 'remove'] as const) {
    group
      .command(`${word} <group> <member>`)
      .description(word === 'add' ? 'puts a principal into a group' : 'takes a principal out of a group')
      .addHelpText('after', example(`group ${word} developers user@contoso.example`))
      .action(async (name: string, member: string) => {
        const input = { group: name, member };
        session.show(await askServer(session.dataFolder(), `group.${word}`, input), renderPrincipal);
      });
  }
}
