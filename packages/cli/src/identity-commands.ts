import { type Command, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { example } from './example-text.ts';
import {
  renderIdentityBinding,
  renderIdentityBindings,
  renderNewIdentityBinding,
} from './render-identity.ts';
import type { Session } from './session.ts';

interface BindingOptions {
  readonly address?: string;
  readonly header?: true;
  readonly systemAssigned?: true;
}

/** `identity-binding create|list|show|delete`: who may have tokens of a managed identity. */
export function addIdentityCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const binding = program
    .command('identity-binding')
    .description('who may have tokens of a managed identity; nobody may without a binding');
  binding
    .command('create <identity>')
    .description('binds a managed identity to callers: those of a network, or those that know a secret')
    .addOption(
      new Option(
        '--address <address>',
        'an address or a network that may ask the metadata endpoint',
      ).conflicts('header'),
    )
    .option('--header', 'makes a secret for IDENTITY_HEADER and shows it this once')
    .option('--system-assigned', 'the identity is what the caller gets when it names none')
    .addHelpText('after', example('identity-binding create node --address 10.0.0.7'))
    .action(async (identity: string, given: BindingOptions, command: Command) => {
      if (given.address === undefined && given.header === undefined)
        command.error('error: say who the caller is: --address or --header');
      const input = {
        identity,
        systemAssigned: given.systemAssigned ?? false,
        ...(given.address === undefined ? {} : { address: given.address }),
      };
      session.show(await askServer(folder(), 'identity-binding.create', input), renderNewIdentityBinding);
    });
  binding
    .command('list [identity]')
    .description('lists the bindings, of one identity or of all')
    .addHelpText('after', example('identity-binding list node'))
    .action(async (identity: string | undefined) => {
      const input = identity === undefined ? {} : { identity };
      session.show(await askServer(folder(), 'identity-binding.list', input), renderIdentityBindings);
    });
  binding
    .command('show <id>')
    .description('shows one, without what is secret')
    .addHelpText('after', example('identity-binding show 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (id: string) =>
      session.show(await askServer(folder(), 'identity-binding.show', { id }), renderIdentityBinding),
    );
  binding
    .command('delete <id>')
    .description('lets the caller have no more tokens; those that it has end by themselves')
    .addHelpText('after', example('identity-binding delete 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (id: string) =>
      session.show(
        await askServer(folder(), 'identity-binding.delete', { id }),
        () => 'The identity binding is deleted.',
      ),
    );
}
