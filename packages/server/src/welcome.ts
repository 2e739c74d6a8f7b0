import type { Config } from './config/load-config.ts';
import type { FirstStart } from './deployment.ts';
import { shellWord } from './shell-word.ts';

/** What the welcome tells. */
export interface Welcome {
  readonly config: Pick<Config, 'dataFolder' | 'rootKeyFile' | 'registry' | 'encryption'>;
  /** Where the server listens, as a URL. */
  readonly address: string;
  /** Host and port as a client writes them in an image's name. */
  readonly registryHost: string;
  readonly first: FirstStart | undefined;
  /** Secrets are shown to a person only, never to a file that a log is collected from. */
  readonly isTerminal: boolean;
  /** How to trust the own certificate authority, where there is one. */
  readonly tlsLines: readonly string[];
}

/** What a newcomer needs: where it is, how to log in, a push to copy, where the data lies, where the docs are. */
export function welcomeText(welcome: Welcome): string {
  const { config, address, registryHost, isTerminal } = welcome;
  const lines = [
    `Cerulean listens on ${address}`,
    '',
    `  log in    docker login ${registryHost} -u ${config.registry}`,
    `  password  ${passwordLine(welcome)}`,
    `  push      docker pull hello-world && docker tag hello-world ${registryHost}/hello-world && docker push ${registryHost}/hello-world`,
    `  data      ${config.dataFolder}`,
    `  root key  ${config.rootKeyFile}  (back it up apart from the data: without it the data can't be read)`,
    '  docs      README.md and docs/',
    '  stop      Ctrl+C',
  ];
  const tls = welcome.tlsLines.length === 0 ? [] : ['', ...welcome.tlsLines];
  return `${[...(isTerminal ? lines : lines.filter((line) => !line.includes('Ctrl+C'))), ...tls].join('\n')}\n`;
}

function passwordLine({ config, first, isTerminal }: Welcome): string {
  if (isTerminal && first?.madePassword !== undefined) return first.madePassword;
  return `npm run -s cerulean -- --data ${shellWord(config.dataFolder)} credentials show ${config.registry}`;
}
