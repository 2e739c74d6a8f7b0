import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { OperatorPassword } from '@cerulean/server/operator/access-protocol.ts';
import type { Command } from 'commander';
import { askServer } from './ask-server.ts';
import { CommandError } from './command-error.ts';
import { example } from './example-text.ts';
import { renderFacts } from './render-table.ts';
import type { Session } from './session.ts';

/** `password set|delete`: what users log in by. */
export function addPasswordCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const password = program.command('password').description('passwords of users, with which they sign in');
  password
    .command('set <user>')
    .description(
      'gives a user a password and ends all sign-ins; without a file one is made and shown this once',
    )
    .option('--file <file>', 'its first line is the password; - reads the standard input')
    .addHelpText('after', example('password set user@contoso.example'))
    .action(async (user: string, given: { file?: string }) => {
      const input = given.file === undefined ? { user } : { user, password: await firstLineOf(given.file) };
      session.show(await askServer(folder(), 'password.set', input), renderPassword);
    });
  password
    .command('delete <user>')
    .description('takes the password away and ends all sign-ins')
    .addHelpText('after', example('password delete user@contoso.example'))
    .action(async (user: string) =>
      session.show(
        await askServer(folder(), 'password.delete', { user }),
        () => `${user} has no password any more.`,
      ),
    );
}

function renderPassword({ user, value }: OperatorPassword): string {
  if (value === undefined) return `The password of ${user} is set.`;
  const facts = renderFacts([
    ['User', user],
    ['Password', value],
  ]);
  return `${facts}\nThe password is shown this once: copy it now.`;
}

/** Never an argument: the arguments of a process are seen by everybody on its machine. */
async function firstLineOf(file: string): Promise<string> {
  try {
    const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    return content.split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw new CommandError('usage', `The file ${file} can't be read: ${(error as Error).message}`);
  }
}
