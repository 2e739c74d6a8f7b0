import { type Command, InvalidArgumentError, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { CommandError } from './command-error.ts';
import { renderRegistries, renderRegistry, renderRepository } from './render-result.ts';
import type { Session } from './session.ts';

type Switch = 'on' | 'off';

const onOff = (flag: string, help: string) => new Option(`${flag} <on|off>`, help).argParser(parseSwitch);

/** ACR's tiers, as az names them. */
const skuOption = () =>
  new Option('--sku <tier>', 'the tier, which sets limits; a new registry is a Premium one').choices([
    'Basic',
    'Standard',
    'Premium',
  ]);

type Sku = 'Basic' | 'Standard' | 'Premium';

/** `registry create|list|show|set|delete` and `repository set`. */
export function addRegistryCommands(program: Command, session: Session): void {
  const registry = program.command('registry').description('creates, shows, changes and deletes registries');
  registry
    .command('create <name>')
    .description('creates a registry; give principals roles on it, or switch its admin user on')
    .addOption(onOff('--admin-user', 'whether its admin user may log in').default('off'))
    .option('--resource-group <name>', 'the resource group that it stands in')
    .addOption(skuOption())
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- registry create payments')
    .action(async (name: string, given: { adminUser: Switch; resourceGroup?: string; sku?: Sku }) => {
      const { resourceGroup, sku } = given;
      const input = {
        name,
        adminUserEnabled: given.adminUser === 'on',
        ...(sku === undefined ? {} : { sku }),
        ...(resourceGroup === undefined ? {} : { resourceGroup }),
      };
      session.show(await askServer(session.dataFolder(), 'registry.create', input), renderRegistry);
    });
  registry
    .command('list')
    .description('lists all registries')
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- registry list --output json')
    .action(async () =>
      session.show(await askServer(session.dataFolder(), 'registry.list', {}), renderRegistries),
    );
  registry
    .command('show <name>')
    .description('shows one registry')
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- registry show payments')
    .action(async (name: string) =>
      session.show(await askServer(session.dataFolder(), 'registry.show', { name }), renderRegistry),
    );
  addRegistrySet(registry, session);
  addRegistryDelete(registry, session);
  addRepositorySet(program, session);
}

interface SetOptions {
  readonly anonymousPull?: Switch;
  readonly sparseManifests?: Switch;
  readonly adminUser?: Switch;
  readonly roleAssignmentMode?: keyof typeof modes;
  readonly sku?: Sku;
}

/** As az has them. */
const modes = { rbac: 'LegacyRegistryPermissions', 'rbac-abac': 'AbacRepositoryPermissions' } as const;

function addRegistrySet(registry: Command, session: Session): void {
  const command = registry
    .command('set <name>')
    .description('changes switches of a registry, and its tier')
    .addOption(onOff('--anonymous-pull', 'whether everybody may pull without a login'))
    .addOption(
      onOff(
        '--sparse-manifests',
        'whether manifests may name parts that are not there, as a mirror needs it',
      ),
    )
    .addOption(onOff('--admin-user', 'whether the admin user may log in'))
    .addOption(
      new Option('--role-assignment-mode <mode>', 'how role assignments are read').choices(
        Object.keys(modes),
      ),
    )
    .addOption(skuOption())
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- registry set payments --anonymous-pull on');
  command.action(async (name: string, given: SetOptions) => {
    if (Object.keys(given).length === 0)
      command.error(
        'error: give at least one of --anonymous-pull, --sparse-manifests, --admin-user, --role-assignment-mode, --sku',
      );
    const { anonymousPull, sparseManifests, adminUser, roleAssignmentMode: mode, sku } = given;
    const input = {
      name,
      ...(anonymousPull === undefined ? {} : { anonymousPull: anonymousPull === 'on' }),
      ...(sparseManifests === undefined ? {} : { sparseManifests: sparseManifests === 'on' }),
      ...(adminUser === undefined ? {} : { adminUserEnabled: adminUser === 'on' }),
      ...(mode === undefined ? {} : { roleAssignmentMode: modes[mode] }),
      ...(sku === undefined ? {} : { sku }),
    };
    session.show(await askServer(session.dataFolder(), 'registry.set', input), renderRegistry);
  });
}

function addRegistryDelete(registry: Command, session: Session): void {
  registry
    .command('delete <name>')
    .description('deletes a registry with everything in it, once its name is given again')
    .option('--confirm <name>', 'the name again')
    .addHelpText('after', '\nExample:\n  npm run -s cerulean -- registry delete payments --confirm payments')
    .action(async (name: string, given: { confirm?: string }) => {
      if (given.confirm !== name) throw await explainLoss(session, name);
      const result = await askServer(session.dataFolder(), 'registry.delete', {
        name,
        confirm: given.confirm,
      });
      session.show(result, () => `The registry ${name} is deleted.`);
    });
}

async function explainLoss(session: Session, name: string): Promise<CommandError> {
  const { repositories, loginServer } = await askServer(session.dataFolder(), 'registry.show', { name });
  return new CommandError(
    'refused',
    [
      `Deleting the registry ${name} can't be undone. It takes with it:`,
      `  ${repositories === 1 ? '1 repository' : `${repositories} repositories`} with all tags, manifests and layers`,
      `  the admin user ${name} with its passwords, and every token that was given out`,
      `  the address ${loginServer}`,
      `Nothing has been deleted. To go on, give the name again: --confirm ${name}`,
    ].join('\n'),
  );
}

function addRepositorySet(program: Command, session: Session): void {
  const inherited = { on: true, off: false, inherit: null };
  program
    .command('repository')
    .description('changes settings of a repository')
    .command('set <registry> <name>')
    .description('lets manifests with missing parts in, keeps them out, or does as the registry does')
    .addOption(
      new Option('--sparse-manifests <on|off|inherit>', 'policy of this repository')
        .choices(['on', 'off', 'inherit'])
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      '\nExample:\n  npm run -s cerulean -- repository set payments mirror/alpine --sparse-manifests on',
    )
    .action(async (registry: string, name: string, given: { sparseManifests: keyof typeof inherited }) => {
      const input = { registry, name, sparseManifests: inherited[given.sparseManifests] };
      session.show(await askServer(session.dataFolder(), 'repository.set', input), renderRepository);
    });
}

function parseSwitch(value: string): Switch {
  if (value === 'on' || value === 'off') return value;
  throw new InvalidArgumentError('It must be on or off.');
}
