import { Command, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { addCredentialsCommands } from './credentials-commands.ts';
import { addIdentityCommands } from './identity-commands.ts';
import { addPasswordCommands } from './password-commands.ts';
import { addPrincipalCommands } from './principal-commands.ts';
import { addRegistryCommands } from './registry-commands.ts';
import { renderStatus } from './render-result.ts';
import { addRightsCommands } from './rights-commands.ts';
import { addRoleCommands } from './role-commands.ts';
import { addSecretCommands } from './secret-commands.ts';
import type { Session, Terminal } from './session.ts';
import { addTokenCommands } from './token-commands.ts';
import { addTrustedIssuerCommands } from './trusted-issuer-commands.ts';

/** The whole command line of the operator's command. It throws instead of ending the process. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('cerulean');
  const session: Session = {
    dataFolder: () => program.opts<{ data: string }>().data,
    show: (result, asTable) => {
      const { output } = program.opts<{ output: 'json' | 'table' }>();
      terminal.out(`${output === 'json' ? JSON.stringify(result, undefined, 2) : asTable(result)}\n`);
    },
  };
  program
    .description('Manages the registries of a running Cerulean server, through a socket in its data folder.')
    .addOption(
      new Option('--data <folder>', 'data folder of the server').env('CERULEAN_DATA').default('./data'),
    )
    .addOption(
      new Option('--output <form>', 'form of the result').choices(['table', 'json']).default('table'),
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride()
    .addHelpText('after', overview);
  addRegistryCommands(program, session);
  addCredentialsCommands(program, session);
  addPrincipalCommands(program, session);
  addSecretCommands(program, session);
  addRoleCommands(program, session);
  addPasswordCommands(program, session);
  addIdentityCommands(program, session);
  addRightsCommands(program, session);
  addTokenCommands(program, session);
  addTrustedIssuerCommands(program, session);
  addStatusCommand(program, session);
  return program;
}

const overview = `
Examples:
  npm run -s cerulean -- status
  npm run -s cerulean -- registry create payments
  npm run -s cerulean -- registry list --output json
  npm run -s cerulean -- principal create ci
  npm run -s cerulean -- secret create ci
  npm run -s cerulean -- role-assignment create ci AcrPush --registry payments

Exit codes: 0 done, 1 refused, 2 wrongly called, 3 no server is running on the data folder.`;

function addStatusCommand(program: Command, session: Session): void {
  program
    .command('status')
    .description('shows what the server is and how it is')
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- --data /srv/cerulean status')
    .action(async () => session.show(await askServer(session.dataFolder(), 'status', {}), renderStatus));
}
