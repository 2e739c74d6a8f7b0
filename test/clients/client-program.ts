import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, runCommand, tryCommand } from '../tools/run-command.ts';
import { toolFile } from '../tools/tool-location.ts';
import type { ToolName } from '../tools/tools.ts';

/** One client with a home folder of its own, so that no login or cache of one test helps another. */
export interface ClientProgram {
  readonly folder: string;
  /** The environment that the client runs in. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs it; throws with its output when it fails. */
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs it and returns the result of a failure too. */
  attempt(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs it and parses what it prints. */
  json(args: readonly string[]): Promise<unknown>;
}

/** Prepares a client. `globalArgs` stand in front of the arguments of every call. */
export function clientProgram(name: ToolName, ...globalArgs: readonly string[]): ClientProgram {
  const folder = testFolder(name);
  const env = clientEnvironment(folder);
  const file = toolFile(name);
  const attempt = (args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> =>
    tryCommand(file, [...globalArgs, ...args], { env, cwd: folder, ...options });
  const run = (args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> =>
    runCommand(file, [...globalArgs, ...args], { env, cwd: folder, ...options });
  return {
    folder,
    env,
    run,
    attempt,
    json: async (args) => JSON.parse((await run(args)).stdout),
  };
}

/** A fresh folder below the run's own; the run removes them all at its end. */
export function testFolder(name: string): string {
  return mkdtempSync(join(process.env['CERULEAN_TEST_FOLDER'] ?? tmpdir(), `${name}-`));
}

/** An environment whose home, configuration and cache folders lie below this folder. */
export function clientEnvironment(folder: string): Record<string, string> {
  const below = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  return {
    PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: below('home'),
    TMPDIR: below('tmp'),
    DOCKER_CONFIG: below('docker'),
    XDG_CONFIG_HOME: below('config'),
    XDG_CACHE_HOME: below('cache'),
    XDG_DATA_HOME: below('share'),
    XDG_RUNTIME_DIR: below('runtime'),
    REGCTL_CONFIG: join(folder, 'regctl.json'),
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    DOCKER_BUILDKIT: '0',
  };
}
