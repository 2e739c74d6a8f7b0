import { acrClientsSection } from './acr-clients.ts';
import {
  type AcrOperation,
  acrOperations,
  controlOperations,
  loginOperations,
  ociOperations,
} from './acr-operations.ts';
import { generatedNotice, markdownTable } from './markdown-table.ts';

/** `docs/acr-compatibility.md`: what ACR has, and what of it is here. */
export function compatibilityDocument(): string {
  const all = [...loginOperations, ...ociOperations, ...acrOperations, ...controlOperations];
  const count = all.filter((operation) => operation.proofs.length > 0).length;
  return [
    generatedNotice('test/docs/acr-operations.ts'),
    '',
    '# Compatibility with Azure Container Registry',
    '',
    'An operation "works" when the tests that are named beside it pass; they are a part of `npm test`. A test fails when',
    'one of them is renamed, removed or switched off. Everything else is "not yet". The names are those of the',
    'specifications of ACR; the rows without such a name are parts of the OCI distribution API.',
    '',
    `${count} of ${all.length} rows work.`,
    '',
    section('Login', loginOperations),
    section('Data plane: the distribution API', ociOperations),
    'The whole distribution API, beyond what ACR names, is checked by the OCI conformance suite:',
    '`npm run test:conformance`.',
    '',
    section('Data plane: `/acr/v1`', acrOperations),
    acrClientsSection(),
    section('Control plane: Azure Resource Manager', controlOperations),
    '## Differences to know',
    '',
    '- The admin user is named as its registry is, and has two passwords, as in ACR. It is on in the first registry, in',
    '  which nobody could log in otherwise, and off in every other.',
    '- Blobs are served by the registry itself and never redirected to another host.',
    '- In a repository that is not sparse, a blob or a manifest that a manifest of the repository needs can not be deleted',
    '  (409). [ADR 0006](adr/0006-parts-stay-while-a-manifest-needs-them.md) says why.',
    '- A manifest whose parts are missing is refused, unless sparse manifests are switched on.',
    '- `writeEnabled: false` of a manifest refuses its push under a new tag too; tags that point at it can be moved away.',
    '- `readEnabled: false` of a manifest does not keep from reading its layers as blobs; that of its repository does.',
    '- A tag or a manifest that lists leave out is found by its name, and a manifest names all its tags.',
    '- The `references` of an index come in the byte order of their digests.',
    '- Pages by time go on where they stood, also when their last tag was deleted: their Links have a parameter `lasttime`.',
    '- Pull counts and times are up to half a minute late. A HEAD by tag counts as a pull by this tag.',
    "- A registry has one of ACR's tiers, Premium unless another is given. It bounds tokens and scope maps, and with",
    '  `--rate-limits acr` calls a minute, as [limits.md](limits.md) has them; nothing else. Without that flag calls are not',
    '  limited. [ADR 0015](adr/0015-rate-limits.md) says why.',
    '- Retry-After is the time until the next call, not until the end of a minute: calls come back evenly.',
    '',
  ].join('\n');
}

function section(title: string, operations: readonly AcrOperation[]): string {
  const rows = operations.map(({ name, request, proofs, note = '' }) => [
    name,
    request,
    proofs.length > 0 ? 'works' : 'not yet',
    note,
    proofs.map(({ file, test }) => `${fileName(file)}: ${test}`).join(' · '),
  ]);
  return [
    `## ${title}`,
    '',
    markdownTable(['Operation', 'Request', 'State', 'Note', 'Shown by'], rows),
    '',
  ].join('\n');
}

const fileName = (path: string): string => `\`${path.slice(path.lastIndexOf('/') + 1)}\``;
