import { shellWord } from '../shell-word.ts';

/** How to make other programs trust the own authority: lines for the terminal, with commands to copy. */
export function trustLines(options: { caFile: string; loginServer: string; port: number }): string[] {
  const caFile = shellWord(options.caFile);
  const dockerFolder = `/etc/docker/certs.d/${options.loginServer}:${options.port}`;
  return [
    `TLS certificates come from this server's own authority, ${caFile}. To trust it:`,
    `  docker          sudo mkdir -p ${dockerFolder} && sudo cp ${caFile} ${dockerFolder}/ca.crt`,
    `  Debian, Ubuntu  sudo cp ${caFile} /usr/local/share/ca-certificates/cerulean.crt && sudo update-ca-certificates`,
    `  Fedora, RHEL    sudo cp ${caFile} /etc/pki/ca-trust/source/anchors/cerulean.pem && sudo update-ca-trust`,
    `  macOS           sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${caFile}`,
    `  Windows         certutil -addstore -f Root ${caFile}`,
  ];
}

/** The line of the hosts file for machines on which names below `localhost` lead nowhere. */
export function hostsLines(options: { address: string; loginServers: readonly string[] }): string[] {
  return [
    String.raw`If ${options.loginServers[0] ?? 'a registry'} is not found, add this to /etc/hosts (Windows: C:\Windows\System32\drivers\etc\hosts):`,
    `  ${options.address} ${options.loginServers.join(' ')}`,
  ];
}
