import { type Command, Option } from 'commander';
import { askServer } from './ask-server.ts';
import { example } from './example-text.ts';
import { parseDays } from './parse-days.ts';
import { readGivenKeys } from './read-given-keys.ts';
import { readText } from './read-text.ts';
import {
  renderCertificate,
  renderCertificates,
  renderFederatedCredential,
  renderFederatedCredentials,
  renderNewSecret,
  renderSecret,
  renderSecrets,
} from './render-access.ts';
import type { Session } from './session.ts';

/** `secret`, `certificate` and `federated-credential`: what service principals log in by. */
export function addSecretCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const secret = program.command('secret').description('secrets of service principals, several for each');
  secret
    .command('create <principal>')
    .description('makes a secret and shows it this once')
    .option('--name <name>', 'what it is for', 'secret')
    .addOption(new Option('--days <days>', 'how long it is good').argParser(parseDays).default(365))
    .addHelpText('after', example('secret create ci --name pipeline --days 90'))
    .action(async (principal: string, given: { name: string; days: number }) => {
      const input = { principal, ...given };
      session.show(await askServer(folder(), 'secret.create', input), renderNewSecret);
    });
  secret
    .command('list <principal>')
    .description('lists the secrets of a principal, without what is secret')
    .addHelpText('after', example('secret list ci'))
    .action(async (principal: string) =>
      session.show(await askServer(folder(), 'secret.list', { principal }), renderSecrets),
    );
  secret
    .command('show <principal> <id>')
    .description('shows one, without what is secret: a secret that was lost is made anew')
    .addHelpText('after', example('secret show ci 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (principal: string, id: string) =>
      session.show(await askServer(folder(), 'secret.show', { principal, id }), renderSecret),
    );
  secret
    .command('delete <principal> <id>')
    .description('deletes a secret; tokens that it was exchanged for end by themselves')
    .addHelpText('after', example('secret delete ci 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (principal: string, id: string) =>
      session.show(
        await askServer(folder(), 'secret.delete', { principal, id }),
        () => 'The secret is deleted.',
      ),
    );
  addCertificateCommands(program, session);
  addFederatedCommands(program, session);
}

function addCertificateCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const certificate = program
    .command('certificate')
    .description('certificates that service principals sign their logins under');
  certificate
    .command('create <principal> <file>')
    .description('adds a certificate (PEM, RSA, without the private key)')
    .option('--name <name>', 'what it is for', 'certificate')
    .addHelpText('after', example('certificate create ci ci.crt'))
    .action(async (principal: string, file: string, given: { name: string }) => {
      const input = { principal, name: given.name, pem: await readText(file) };
      session.show(await askServer(folder(), 'certificate.create', input), renderCertificate);
    });
  certificate
    .command('list <principal>')
    .description('lists the certificates of a principal')
    .addHelpText('after', example('certificate list ci'))
    .action(async (principal: string) =>
      session.show(await askServer(folder(), 'certificate.list', { principal }), renderCertificates),
    );
  certificate
    .command('delete <principal> <id>')
    .description('takes a certificate away')
    .addHelpText('after', example('certificate delete ci 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (principal: string, id: string) =>
      session.show(
        await askServer(folder(), 'certificate.delete', { principal, id }),
        () => 'The certificate is deleted.',
      ),
    );
}

interface FederatedOptions {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly keys?: string;
  readonly jwksUri?: string;
  readonly caFile?: string;
}

function addFederatedCommands(program: Command, session: Session): void {
  const folder = () => session.dataFolder();
  const federated = program
    .command('federated-credential')
    .description('tokens of other issuers that a service principal logs in with, without a secret');
  federated
    .command('create <principal> <name>')
    .description('trusts tokens of one issuer for one subject')
    .requiredOption('--issuer <url>', 'the `iss` of the tokens')
    .requiredOption('--subject <text>', 'the `sub` of the tokens')
    .option('--audience <text>', 'the `aud` of the tokens', 'api://AzureADTokenExchange')
    .option('--keys <file>', "the issuer's JWK set; without it the keys are fetched from the issuer")
    .option('--jwks-uri <url>', 'where the keys are, if not where the issuer says')
    .option('--ca-file <file>', "the authorities (PEM) for fetching, in the place of the system's")
    .addHelpText(
      'after',
      example('federated-credential create ci main --issuer https://issuer.example --subject repo:app'),
    )
    .action(async (principal: string, name: string, given: FederatedOptions) => {
      const { issuer, subject, audience, keys, jwksUri, caFile } = given;
      const source = await readGivenKeys({ keys, jwksUri, caFile });
      const input = { principal, name, issuer, subject, audience, ...source };
      session.show(
        await askServer(folder(), 'federated-credential.create', input),
        renderFederatedCredential,
      );
    });
  federated
    .command('list <principal>')
    .description('lists the federated credentials of a principal')
    .addHelpText('after', example('federated-credential list ci'))
    .action(async (principal: string) =>
      session.show(
        await askServer(folder(), 'federated-credential.list', { principal }),
        renderFederatedCredentials,
      ),
    );
  federated
    .command('delete <principal> <id>')
    .description('trusts the issuer no more')
    .addHelpText('after', example('federated-credential delete ci 2b0d2c5e-1111-4222-8333-444455556666'))
    .action(async (principal: string, id: string) =>
      session.show(
        await askServer(folder(), 'federated-credential.delete', { principal, id }),
        () => 'The federated credential is deleted.',
      ),
    );
}
