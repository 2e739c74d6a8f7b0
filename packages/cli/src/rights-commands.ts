import type { OperatorInput } from '@cerulean/server/operator/protocol.ts';
import type { Command } from 'commander';
import { askServer } from './ask-server.ts';
import { CommandError } from './command-error.ts';
import { example } from './example-text.ts';
import { readText } from './read-text.ts';
import { renderDecision, renderRoleAssignment, renderRoleAssignments } from './render-access.ts';
import type { Session } from './session.ts';

interface AssignmentOptions {
  readonly registry?: string;
  readonly resourceGroup?: string;
  readonly subscription?: true;
  readonly condition?: string;
  readonly conditionFile?: string;
  readonly conditionVersion?: string;
}

/** `role-assignment create|list|show|delete` and `access explain`. */
export function addRightsCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const assignment = program.command('role-assignment').description('who has which role where');
  assignment
    .command('create <principal> <role>')
    .description('gives a principal a role on a registry, a resource group or the subscription')
    .option('--registry <name>', 'one registry')
    .option('--resource-group <name>', 'all registries of a resource group')
    .option('--subscription', 'all registries')
    .option('--condition <text>', "Azure's condition that a request must fulfil, on the repository's name")
    .option('--condition-file <file>', 'the same, in a file')
    .option('--condition-version <version>', 'version of its syntax: 2.0')
    .addHelpText('after', example('role-assignment create ci AcrPush --registry payments'))
    .action(async (principal: string, role: string, given: AssignmentOptions) => {
      const { conditionFile, ...options } = given;
      if (conditionFile !== undefined && options.condition !== undefined)
        throw new CommandError('usage', 'Give --condition or --condition-file, not both.');
      const condition =
        conditionFile === undefined ? {} : { condition: (await readText(conditionFile)).trim() };
      const input = { principal, role, ...options, ...condition };
      session.show(await askServer(folder(), 'role-assignment.create', input), renderRoleAssignment);
    });
  assignment
    .command('list')
    .description('lists all role assignments')
    .addHelpText('after', example('role-assignment list --output json'))
    .action(async () =>
      session.show(await askServer(folder(), 'role-assignment.list', {}), renderRoleAssignments),
    );
  assignment
    .command('show <id>')
    .description('shows one role assignment')
    .addHelpText('after', example('role-assignment show 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (id: string) =>
      session.show(await askServer(folder(), 'role-assignment.show', { id }), renderRoleAssignment),
    );
  assignment
    .command('delete <id>')
    .description('takes a role away, at once')
    .addHelpText('after', example('role-assignment delete 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (id: string) =>
      session.show(
        await askServer(folder(), 'role-assignment.delete', { id }),
        () => 'The role assignment is deleted.',
      ),
    );
  addExplain(program, session);
}

function addExplain(program: Command, session: Session): void {
  program
    .command('access')
    .description('why somebody may, or may not')
    .command('explain <registry> <principal> <action> [repository]')
    .description(
      'says what is decided, and by what; the principal may also be a token, TRUSTED-ISSUER:SUBJECT, or anonymous',
    )
    .addHelpText('after', example('access explain payments ci push team/app'))
    .action(async (...words: [string, string, string, string?]) => {
      const [registry, principal, action, repository] = words;
      const asked = { registry, principal, action: action as OperatorInput<'access.explain'>['action'] };
      const input = repository === undefined ? asked : { ...asked, repository };
      session.show(await askServer(session.dataFolder(), 'access.explain', input), renderDecision);
    });
}
