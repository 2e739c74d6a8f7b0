import { join, resolve } from 'node:path';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { parseByteSize } from './byte-size.ts';
import { ConfigError } from './config-error.ts';
import {
  type GivenValue,
  type GivenValues,
  readConfigFile,
  readFlags,
  readVariables,
} from './given-values.ts';
import { Secret } from './secret.ts';
import { type Machine, type Setting, type SettingKey, settings } from './settings.ts';

type ValueOf<Key extends SettingKey> =
  Static<(typeof settings)[Key]['schema']> extends infer Value
    ? Value extends (infer Element)[]
      ? readonly Element[]
      : Value
    : never;

/** The settings that are undefined unless given. */
type OptionalKey = 'publicUrl' | 'metadataListen' | 'tlsCertFile' | 'tlsKeyFile';

/** The whole configuration: paths are absolute, sizes in bytes, lists split. Frozen, and passed as an argument. */
export type Config = {
  readonly [Key in SettingKey]: Key extends OptionalKey ? ValueOf<Key> | undefined : ValueOf<Key>;
} & {
  /** The admin user's first password, from CERULEAN_ADMIN_PASSWORD only: flags and files are seen by others. */
  readonly adminPassword: Secret | undefined;
  /** CERULEAN_CONTAINER=1, which the container image sets: what is written beside the volumes is lost there. */
  readonly inContainer: boolean;
};

/** What the configuration is made of: `argv` without the program, the environment, and the machine's figures. */
export interface ConfigSources {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly platform?: NodeJS.Platform;
}

/**
 * Reads flags, `CERULEAN_*` variables and the file that `--config` or `CERULEAN_CONFIG` names, in that order of
 * precedence. Throws a `ConfigError` for an unknown name, a bad value or a contradiction.
 */
export function loadConfig(sources: ConfigSources): Config {
  const flags = readFlags(sources.argv);
  const variables = readVariables(sources.env);
  const file = flags.configFile ?? (sources.env['CERULEAN_CONFIG'] || undefined);
  const fileValues: GivenValues = file === undefined ? new Map() : readConfigFile(file, sources.cwd);
  const given: GivenValues = new Map([...fileValues, ...variables, ...flags.values]);
  const machine = { platform: process.platform, ...sources };
  const values = Object.fromEntries(
    (Object.entries(settings) as [SettingKey, Setting][]).map(([key, row]) => [
      key,
      readValue(row, given.get(key), machine),
    ]),
  ) as unknown as Omit<Config, 'adminPassword' | 'inContainer'>;
  const config = {
    ...values,
    readUnencrypted: values.readUnencrypted || values.encryption === 'none',
    rootKeyFile: values.rootKeyFile ?? join(values.dataFolder, 'keys', 'root.key'),
    adminPassword: readAdminPassword(sources.env),
    inContainer: sources.env['CERULEAN_CONTAINER'] === '1',
  };
  checkTogether(config, machine);
  for (const value of Object.values(config)) if (Array.isArray(value)) Object.freeze(value);
  return Object.freeze(config);
}

function readValue(row: Setting, given: GivenValue | undefined, machine: Machine & { cwd: string }): unknown {
  const value = given === undefined ? row.default?.(machine) : convert(row, given.raw);
  if (given !== undefined && !Check(row.schema, value)) {
    const shown = row.kind === 'list' ? [given.raw].flat().join(',') : String(given.raw);
    throw new ConfigError(
      `${row.flag} can't be «${shown}», as ${given.from} says: it must be ${row.expects}.`,
    );
  }
  return row.kind === 'path' && typeof value === 'string' ? resolve(machine.cwd, value) : value;
}

/** The given text as the kind of the setting has it, or what was given if it is none: the schema then refuses it. */
function convert(row: Setting, raw: unknown): unknown {
  if (row.kind === 'list') return asList(raw);
  if (typeof raw !== 'string') return raw;
  switch (row.kind) {
    case 'number':
      return /^\d+$/.test(raw) ? Number(raw) : raw;
    case 'bytes':
      return parseByteSize(raw) ?? raw;
    case 'switch':
      return { on: true, true: true, off: false, false: false }[raw] ?? raw;
    case 'text':
    case 'path':
      return raw;
  }
}

function asList(raw: unknown): unknown {
  const items: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  return items.flatMap((item) =>
    typeof item === 'string' ? item.split(',').map((part) => part.trim()) : [item],
  );
}

const adminPasswordChars = { min: 8, max: 256 };

function readAdminPassword(env: NodeJS.ProcessEnv): Secret | undefined {
  const password = env['CERULEAN_ADMIN_PASSWORD'];
  if (password === undefined || password === '') return undefined;
  const { min, max } = adminPasswordChars;
  // Basic authentication (RFC 7617) has no place for control characters.
  if (password.length < min || password.length > max || /\p{Cc}/u.test(password)) {
    throw new ConfigError(
      `The password in the variable CERULEAN_ADMIN_PASSWORD must have ${min} to ${max} characters, none of them a control character such as a line's end.`,
    );
  }
  return new Secret(password);
}

function checkTogether(config: Config, machine: Machine): void {
  if ((config.tlsCertFile === undefined) !== (config.tlsKeyFile === undefined)) {
    throw new ConfigError('--tls-cert and --tls-key belong together: give both or neither.');
  }
  if (config.tls === 'auto' && config.tlsCertFile !== undefined) {
    throw new ConfigError(
      '--tls auto makes its own certificate: leave out --tls-cert and --tls-key, or --tls.',
    );
  }
  if (machine.platform === 'win32' && config.workers !== 1) {
    throw new ConfigError(
      `workers can't be ${config.workers} on Windows: it must be ${settings.workers.expects}.`,
    );
  }
}
