import { parseArgs } from 'node:util';
import { ConfigError } from '../config/config-error.ts';

/** What an emulator is started with. Its texts are checked where the server's settings are. */
export interface EmulatorOptions {
  readonly port: string;
  readonly host: string;
  readonly domain: string;
  readonly registry: string;
  /** The issuer's host, without a port. */
  readonly login: string;
  readonly logLevel: string;
  /** Neither the end of standard input nor that of the starter ends it. */
  readonly keepRunning: boolean;
}

export const emulatorHelp = `Usage: npm run -s emulator -- [--name value]…

Starts a Cerulean over TLS that is thrown away when it ends: for tests that need Azure Container Registry. When it is
ready it prints one line of JSON on standard output, and nothing else:

  {"login", "domain", "hosts", "tenantId", "clientId", "clientSecret", "objectId", "caFile",
   "registry": {"name", "loginServer", "adminUser", "adminPassword"}}

login is the issuer's base URL, domain what registries are found below, hosts the names that must lead to it (put them
into /etc/hosts), and caFile the authority to trust. The service principal and the admin user may do everything with the
registry's content.

  --port NUMBER
      Port to listen on; 0 takes any free one, which is then part of login, domain and loginServer.
      Default: 443
  --host TEXT
      Address to listen on.
      Default: 127.0.0.1
  --domain TEXT
      The registry is found at NAME.DOMAIN.
      Default: azurecr.localhost
  --registry TEXT
      Name of the registry: 5 to 50 lower-case letters and digits.
      Default: cerulean
  --login TEXT
      Host name of the issuer.
      Default: login. and the domain
  --log-level TEXT
      The least that is logged, on standard error: trace, debug, info, warn, error, fatal or silent.
      Default: error
  --keep-running
      Go on when standard input ends and when the one that started npm ends.
  --help

It ends, and removes what it wrote, on SIGTERM, SIGINT and SIGHUP; when its standard input ends, unless that is a
terminal or /dev/null; and when its parent ends: npm, or the one that started npm.

Exit codes: 0 it was stopped, 1 it could not start, 2 wrongly called.
`;

/** The options, or undefined when help is asked for. @throws ConfigError */
export function readEmulatorOptions(argv: readonly string[]): EmulatorOptions | undefined {
  const given = parse(argv);
  if (given.help === true) return undefined;
  const { domain = 'azurecr.localhost', registry = 'cerulean' } = given;
  const login = given.login ?? `login.${domain}`;
  if (login === `${registry}.${domain}`) {
    throw new ConfigError(
      `${login} can't be the issuer and the registry: choose another --registry, or another --login.`,
    );
  }
  return {
    port: given.port ?? '443',
    host: given.host ?? '127.0.0.1',
    domain,
    registry,
    login,
    logLevel: given['log-level'] ?? 'error',
    keepRunning: given['keep-running'] ?? false,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    port: text,
    host: text,
    domain: text,
    registry: text,
    login: text,
    'log-level': text,
    'keep-running': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConfigError(`${error.message}\nnpm run -s emulator -- --help lists all options.`);
  }
}
