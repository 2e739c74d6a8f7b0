import { type Command, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { example } from './example-text.ts';
import { parseDays } from './parse-days.ts';
import { renderScopeMap, renderScopeMaps, renderToken, renderTokens } from './render-access.ts';
import type { Session } from './session.ts';

/** `scope-map` and `token`: users of one registry that may do what a scope map says. */
export function addTokenCommands(program: Command, session: Session): void {
  addScopeMaps(program, session);
  const folder = () => session.dataFolder();
  const token = program.command('token').description('repository-scoped tokens of a registry');
  token
    .command('create <registry> <name>')
    .description('makes a token with two passwords, which are shown this once')
    .requiredOption('--scope-map <name>', 'what it may do, such as _repositories_pull')
    .addOption(new Option('--days <days>', 'how long the passwords are good').argParser(parseDays))
    .addHelpText('after', example('token create payments robot --scope-map _repositories_pull --days 90'))
    .action(async (registry: string, name: string, given: { scopeMap: string; days?: number }) => {
      const input = { registry, name, ...given };
      session.show(await askServer(folder(), 'token.create', input), renderToken);
    });
  token
    .command('list <registry>')
    .description('lists the tokens of a registry')
    .addHelpText('after', example('token list payments'))
    .action(async (registry: string) =>
      session.show(await askServer(folder(), 'token.list', { registry }), renderTokens),
    );
  token
    .command('show <registry> <name>')
    .description('shows one token')
    .addHelpText('after', example('token show payments robot'))
    .action(async (registry: string, name: string) =>
      session.show(await askServer(folder(), 'token.show', { registry, name }), renderToken),
    );
  addTokenChanges(token, session);
}

function addTokenChanges(token: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const set = token
    .command('set <registry> <name>')
    .description('switches a token off or on, or gives it another scope map')
    .addOption(new Option('--status <status>', 'whether it may log in').choices(['enabled', 'disabled']))
    .option('--scope-map <name>', 'what it may do')
    .addHelpText('after', example('token set payments robot --status disabled'));
  set.action(async (registry: string, name: string, given: { status?: string; scopeMap?: string }) => {
    const { status, scopeMap } = given;
    if (status === undefined && scopeMap === undefined)
      set.error('error: give --status or --scope-map, or both');
    const input = {
      registry,
      name,
      ...(status === undefined ? {} : { enabled: status === 'enabled' }),
      ...(scopeMap === undefined ? {} : { scopeMap }),
    };
    session.show(await askServer(folder(), 'token.set', input), renderToken);
  });
  token
    .command('renew <registry> <name>')
    .description('makes one of the two passwords anew and shows it this once; the other goes on working')
    .addOption(
      new Option('--password <which>', 'the one to make anew')
        .choices(['password1', 'password2'])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--days <days>', 'how long it is good').argParser(parseDays))
    .addHelpText('after', example('token renew payments robot --password password2 --days 90'))
    .action(
      async (
        registry: string,
        name: string,
        given: { password: 'password1' | 'password2'; days?: number },
      ) => {
        const input = { registry, name, ...given };
        session.show(await askServer(folder(), 'token.renew', input), renderToken);
      },
    );
  token
    .command('delete <registry> <name>')
    .description('deletes a token; what it holds is worth nothing at once')
    .addHelpText('after', example('token delete payments robot'))
    .action(async (registry: string, name: string) =>
      session.show(
        await askServer(folder(), 'token.delete', { registry, name }),
        () => `The token ${name} is deleted.`,
      ),
    );
}

function addScopeMaps(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const map = program.command('scope-map').description('what tokens may do');
  for (const word of ['create', 'set'] as const) {
    map
      .command(`${word} <registry> <name> <actions...>`)
      .description(
        word === 'create'
          ? 'makes one: repositories/NAME/content/read, content/write, content/delete, metadata/read, metadata/write'
          : 'gives it other actions, in the place of those that it has',
      )
      .option('--description <text>', 'what it is for')
      .addHelpText('after', example(`scope-map ${word} payments app-pull repositories/app/content/read`))
      .action(async (...words: [string, string, string[], { description?: string }]) => {
        const [registry, name, actions, given] = words;
        const input = { registry, name, actions, ...given };
        session.show(await askServer(folder(), `scope-map.${word}`, input), renderScopeMap);
      });
  }
  map
    .command('list <registry>')
    .description("lists a registry's scope maps, the system's too")
    .addHelpText('after', example('scope-map list payments'))
    .action(async (registry: string) =>
      session.show(await askServer(folder(), 'scope-map.list', { registry }), renderScopeMaps),
    );
  map
    .command('show <registry> <name>')
    .description('shows one scope map')
    .addHelpText('after', example('scope-map show payments _repositories_pull'))
    .action(async (registry: string, name: string) =>
      session.show(await askServer(folder(), 'scope-map.show', { registry, name }), renderScopeMap),
    );
  map
    .command('delete <registry> <name>')
    .description('deletes one that no token has')
    .addHelpText('after', example('scope-map delete payments app-pull'))
    .action(async (registry: string, name: string) =>
      session.show(
        await askServer(folder(), 'scope-map.delete', { registry, name }),
        () => `The scope map ${name} is deleted.`,
      ),
    );
}
