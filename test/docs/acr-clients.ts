import { type ClientCalls, clientCalls } from '../clients/azure/client-calls.ts';
import { markdownTable } from './markdown-table.ts';
import { type Proof, provedBy } from './proof.ts';

const libraries = 'does every operation that it has, logged in with a client secret';

/** The tests that compare what is said of the clients with what they did. */
export const clientProofs: readonly Proof[] = [
  ...provedBy('test/clients/azure-identity.test.ts', libraries),
  ...provedBy('test/clients/az.test.ts', 'did all that is written down of it'),
];

/** What Azure's own clients do here, as a section of the page. */
export function acrClientsSection(): string {
  const [sdk, cli] = clientProofs.map(({ file }) => `\`${file}\``);
  const rows = clientCalls.map((row) => [
    row.operation,
    shown(row.npm),
    shown(row.pypi),
    shown(row.go),
    shown(row.az),
  ]);
  return [
    "## Azure's own clients",
    '',
    "Unmodified, over TLS with an authority of one's own, in a network that has loopback only: `npm run test:clients`.",
    `Each library calls every operation that it has (${sdk}), logged in by a client secret; it also`,
    'logs in with a certificate, as a workload with the token of another issuer, and not at all, where a registry lets',
    `everybody read. The Azure CLI (${cli}) logs in with a secret, a certificate and the token of another`,
    'issuer. What it asks of Azure Resource Manager is answered by a stand-in there, since Cerulean has no control plane yet.',
    'A test fails when a client did not do what stands here, or has an operation that does not.',
    '',
    markdownTable(
      [
        'Operation',
        '`@azure/container-registry` (npm)',
        '`azure-containerregistry` (PyPI)',
        '`azcontainerregistry` (Go)',
        '`az acr`',
      ],
      rows,
    ),
    '',
    'All three have their logins from `@azure/identity`, `azure-identity` and `azidentity`. The commands of `az acr` that ask',
    'for what was deleted are told that soft delete is off.',
    '',
  ].join('\n');
}

const shown = (calls: ClientCalls['az'] = []): string => calls.map((name) => `\`${name}\``).join(', ');
