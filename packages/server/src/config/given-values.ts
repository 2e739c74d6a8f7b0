import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nearestName } from '../nearest-name.ts';
import { ConfigError } from './config-error.ts';
import { type Setting, type SettingKey, settings } from './settings.ts';

/** What was given for a setting, and where, in words for a message: «the flag --port», «the variable CERULEAN_PORT». */
export interface GivenValue {
  readonly raw: unknown;
  readonly from: string;
}

export type GivenValues = ReadonlyMap<SettingKey, GivenValue>;

const rows = Object.entries(settings) as [SettingKey, Setting][];
const keyOfFlag = new Map(rows.map(([key, row]) => [row.flag, key]));
const variableOf = (flag: string) => `CERULEAN_${flag.toUpperCase().replaceAll('-', '_')}`;

/** Variables with our prefix that are no settings: the password is a secret, the others are for images and tests. */
const otherVariables = [
  'CERULEAN_ADMIN_PASSWORD',
  'CERULEAN_CONTAINER',
  'CERULEAN_TOOLS_DIR',
  'CERULEAN_CONFIG',
];

/** Flags as given: `--name value`, `--name=value`, or a switch alone. `--config` is handed back apart. */
export function readFlags(argv: readonly string[]): { values: GivenValues; configFile: string | undefined } {
  const values = new Map<SettingKey, GivenValue>();
  let configFile: string | undefined;
  const words = argv[Symbol.iterator]();
  for (const word of words) {
    const given = splitFlag(word, words);
    if (given.flag === 'config') configFile = given.value();
    else addFlag(values, given);
  }
  return { values, configFile };
}

/** `CERULEAN_*` variables. An empty one is one that was not given, as compose files write it. */
export function readVariables(env: NodeJS.ProcessEnv): GivenValues {
  const names = rows.map(([, row]) => variableOf(row.flag));
  const values = new Map<SettingKey, GivenValue>();
  for (const [name, raw] of Object.entries(env)) {
    if (!name.startsWith('CERULEAN_') || name.startsWith('CERULEAN_TEST_') || otherVariables.includes(name))
      continue;
    const key = rows.find(([, row]) => variableOf(row.flag) === name)?.[0];
    if (key === undefined) throw unknown({ what: 'variable', name, names: [...names, ...otherVariables] });
    if (raw !== undefined && raw !== '') values.set(key, { raw, from: `the variable ${name}` });
  }
  return values;
}

/** A JSON object whose members are named as the flags are, without their hyphens in front. */
export function readConfigFile(path: string, cwd: string): GivenValues {
  const file = resolve(cwd, path);
  const values = new Map<SettingKey, GivenValue>();
  for (const [name, raw] of Object.entries(parseObject(file))) {
    const key = keyOfFlag.get(name);
    if (key === undefined) throw unknown({ what: `member of ${file}`, name, names: [...keyOfFlag.keys()] });
    values.set(key, { raw, from: `the file ${file}` });
  }
  return values;
}

interface GivenFlag {
  readonly flag: string;
  /** What stands behind `=`, if anything does. */
  readonly inline: string | undefined;
  /** That, or the word that follows, which is then used up. */
  readonly value: () => string;
}

function splitFlag(word: string, following: Iterator<string>): GivenFlag {
  if (!word.startsWith('--') || word === '--') {
    throw new ConfigError(`What does «${word}» mean? Settings are given as --name value; --help lists them.`);
  }
  const equals = word.indexOf('=');
  const flag = equals === -1 ? word.slice(2) : word.slice(2, equals);
  const inline = equals === -1 ? undefined : word.slice(equals + 1);
  return { flag, inline, value: () => inline ?? followingWord(flag, following) };
}

function followingWord(flag: string, words: Iterator<string>): string {
  const next = words.next();
  if (next.done === true) throw new ConfigError(`--${flag} needs a value.`);
  return next.value;
}

function addFlag(values: Map<SettingKey, GivenValue>, given: GivenFlag): void {
  const { flag } = given;
  const key = keyOfFlag.get(flag);
  if (key === undefined) {
    throw unknown({
      what: 'flag',
      name: `--${flag}`,
      names: ['--config', '--help', '--version', ...flagNames()],
    });
  }
  const { kind } = settings[key];
  const before = values.get(key);
  if (before !== undefined && kind !== 'list')
    throw new ConfigError(`--${flag} is given twice; once is right.`);
  const raw = kind === 'switch' ? (given.inline ?? 'on') : given.value();
  values.set(key, {
    raw: kind === 'list' ? [...asArray(before?.raw), raw] : raw,
    from: `the flag --${flag}`,
  });
}

function flagNames(): string[] {
  return rows.map(([, row]) => `--${row.flag}`);
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parseObject(file: string): object {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`The configuration file ${file} can't be read: ${reason}`);
  }
  throw new ConfigError(`The configuration file ${file} must hold a JSON object, such as { "port": 5000 }.`);
}

function unknown(options: { what: string; name: string; names: readonly string[] }): ConfigError {
  const nearest = nearestName(options.name, options.names);
  const hint = nearest === undefined ? 'npm start -- --help lists all.' : `Did you mean ${nearest}?`;
  return new ConfigError(`There is no ${options.what} ${options.name}. ${hint}`);
}
