import { join } from 'node:path';
import { type CommandResult, runCommand, tryCommand } from '../../tools/run-command.ts';
import { toolFile } from '../../tools/tool-location.ts';
import { clientEnvironment, testFolder } from '../client-program.ts';

/** `az` with a configuration of its own, so that no login of one test helps another. */
export interface AzClient {
  /** Runs it and parses what it prints; throws with its output when it fails. */
  json<Result = unknown>(...words: string[]): Promise<Result>;
  /** Runs it and returns the result of a failure too. */
  attempt(...words: string[]): Promise<CommandResult>;
}

/** Prepares the Azure CLI. It trusts the authority in this file and no other. */
export function azClient(
  name: string,
  caFile: string,
  settings: Readonly<Record<string, string>> = {},
): AzClient {
  const folder = testFolder(`az-${name}`);
  const env = {
    ...clientEnvironment(folder),
    AZURE_CONFIG_DIR: join(folder, 'azure'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: 'yes',
    // Its own user interface asks for a subscription otherwise.
    AZURE_CORE_LOGIN_EXPERIENCE_V2: 'off',
    REQUESTS_CA_BUNDLE: caFile,
    // A name that leads nowhere: what needs a container engine says so.
    DOCKER_COMMAND: 'no-container-engine',
    PYTHONWARNINGS: 'ignore',
    ...settings,
  };
  const options = { env, cwd: folder };
  const line = (words: readonly string[]) => ['-m', 'azure.cli', ...words, '--output', 'json'];
  return {
    async json<Result>(...words: string[]) {
      const { stdout } = await runCommand(toolFile('azureCli'), line(words), options);
      return JSON.parse(stdout === '' ? 'null' : stdout) as Result;
    },
    attempt: (...words) => tryCommand(toolFile('azureCli'), line(words), options),
  };
}
