import { type Command, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { renderCredentials } from './render-result.ts';
import type { Session } from './session.ts';

/** `credentials show|regenerate`: the admin user of a registry, which is named as the registry is. */
export function addCredentialsCommands(program: Command, session: Session): void {
  const credentials = program
    .command('credentials')
    .description('shows and changes the passwords of an admin user');
  credentials
    .command('show <name>')
    .description('shows the admin user of a registry and both its passwords')
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- credentials show cerulean')
    .action(async (name: string) =>
      session.show(await askServer(session.dataFolder(), 'credentials.show', { name }), renderCredentials),
    );
  credentials
    .command('regenerate <name>')
    .description('makes one of the two passwords anew; the other goes on working')
    .addOption(
      new Option('--password <which>', 'the one to make anew')
        .choices(['password', 'password2'])
        .default('password'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  npm run -s cerulean -- credentials regenerate cerulean --password password2',
    )
    .action(async (name: string, given: { password: 'password' | 'password2' }) => {
      const input = { name, password: given.password };
      session.show(await askServer(session.dataFolder(), 'credentials.regenerate', input), renderCredentials);
    });
}
