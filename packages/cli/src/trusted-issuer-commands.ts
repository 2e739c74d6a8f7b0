import { type Command, InvalidArgumentError } from 'commander';
import { askServer } from './ask-server.ts';
import { example } from './example-text.ts';
import { readGivenKeys } from './read-given-keys.ts';
import { renderTrustedIssuer, renderTrustedIssuers } from './render-trusted-issuers.ts';
import type { Session } from './session.ts';

interface CreateOptions {
  readonly issuer: string;
  readonly audience?: string;
  readonly foreignAudience?: true;
  readonly registry?: string;
  readonly subject: string;
  readonly claim: readonly { readonly name: string; readonly pattern: string }[];
  readonly role: string;
  readonly keys?: string;
  readonly jwksUri?: string;
  readonly caFile?: string;
}

/** `trusted-issuer create|list|show|enable|disable|delete`: tokens of others that log in without a secret. */
export function addTrustedIssuerCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const trusted = program
    .command('trusted-issuer')
    .description('outside directories whose tokens log in as they are: CI jobs, clusters, OpenID Connect');
  addCreate(trusted, session);
  trusted
    .command('list')
    .description('lists the issuers that are trusted')
    .addHelpText('after', example('trusted-issuer list --output json'))
    .action(async () =>
      session.show(await askServer(folder(), 'trusted-issuer.list', {}), renderTrustedIssuers),
    );
  trusted
    .command('show <name>')
    .description('shows one with its conditions')
    .addHelpText('after', example('trusted-issuer show github'))
    .action(async (name: string) =>
      session.show(await askServer(folder(), 'trusted-issuer.show', { name }), renderTrustedIssuer),
    );
  for (const [word, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    trusted
      .command(`${word} <name>`)
      .description(
        enabled ? 'lets its subjects in again' : 'keeps its subjects out at once, whatever they hold',
      )
      .addHelpText('after', example(`trusted-issuer ${word} github`))
      .action(async (name: string) => {
        const input = { name, enabled };
        session.show(await askServer(folder(), 'trusted-issuer.set', input), renderTrustedIssuer);
      });
  }
  trusted
    .command('delete <name>')
    .description('trusts it no more; whatever it yielded ends at once')
    .addHelpText('after', example('trusted-issuer delete github'))
    .action(async (name: string) =>
      session.show(
        await askServer(folder(), 'trusted-issuer.delete', { name }),
        () => `The trusted issuer ${name} is deleted.`,
      ),
    );
}

function addCreate(trusted: Command, session: Session): void {
  trusted
    .command('create <name>')
    .description(
      'gives a role to tokens of an issuer that meet conditions; * in a pattern stands for anything',
    )
    .requiredOption('--issuer <url>', 'the `iss` of the tokens')
    .requiredOption('--subject <pattern>', 'the `sub` of the tokens')
    .option(
      '--claim <name=pattern>',
      'a further condition, as often as wanted; a/b is b inside a',
      addClaim,
      [],
    )
    .requiredOption('--role <role>', 'what they may do: AcrPull, AcrPush, …')
    .option('--registry <name>', 'where they may do it; without it on all registries')
    .option('--audience <text>', "the `aud` of the tokens (default: the registry's login server)")
    .option('--foreign-audience', 'takes an audience that is not ours')
    .option('--keys <file>', "the issuer's JWK set; without it the keys are fetched from the issuer")
    .option('--jwks-uri <url>', 'where the keys are, if not where the issuer says')
    .option('--ca-file <file>', "the authorities (PEM) for fetching, in the place of the system's")
    .addHelpText(
      'after',
      example(
        "trusted-issuer create github --issuer https://token.actions.githubusercontent.com --registry payments --subject 'repo:org/app:*' --claim ref=refs/heads/main --role AcrPush",
      ),
    )
    .action(async (name: string, { claim, caFile, keys, jwksUri, ...given }: CreateOptions) => {
      const source = await readGivenKeys({ keys, jwksUri, caFile });
      const input = { name, ...given, claims: [...claim], ...source };
      session.show(
        await askServer(session.dataFolder(), 'trusted-issuer.create', input),
        renderTrustedIssuer,
      );
    });
}

function addClaim(text: string, before: CreateOptions['claim']): CreateOptions['claim'] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be NAME=PATTERN, such as ref=refs/heads/main.');
  return [...before, { name: text.slice(0, equals), pattern: text.slice(equals + 1) }];
}
