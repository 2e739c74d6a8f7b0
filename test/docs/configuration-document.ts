import { type Setting, settings } from '@cerulean/server/config/settings.ts';
import { generatedNotice, markdownTable } from './markdown-table.ts';

/** `docs/configuration.md`: every setting, from the schema that also makes `--help`. */
export function configurationDocument(): string {
  const rows: readonly Setting[] = Object.values(settings);
  return [
    generatedNotice('packages/server/src/config/settings.ts'),
    '',
    '# Configuration',
    '',
    'A setting is a flag, a variable or a member of a JSON file. A flag wins over a variable, and a variable over the',
    'file. `npm start -- --help` prints the same list.',
    '',
    '```sh',
    'npm start -- --port 5001 --data ./other',
    'CERULEAN_PORT=5001 npm start',
    'npm start -- --config cerulean.json',
    '```',
    '',
    '```json',
    '{ "port": 5001, "hostname": ["registry.example.com"], "cache-memory": "512MiB" }',
    '```',
    '',
    'Rules:',
    '',
    '- An unknown flag, variable or member is an error that names the nearest right one.',
    '- A flag that is given twice is an error, unless its value is a list; lists may also be written with commas.',
    '- An empty variable counts as one that was not given.',
    '- Sizes take units: `KiB`, `MiB`, `GiB`, `TiB`, and `kB` and so on for powers of ten.',
    '- Relative paths start at the folder in which the server is started.',
    '',
    '## Settings',
    '',
    markdownTable(
      ['Flag', 'Variable', 'Default', 'Value', 'What it does'],
      rows.map((row) => [
        `\`--${row.flag}\``,
        `\`${variableOf(row.flag)}\``,
        row.defaultText,
        row.expects,
        row.help,
      ]),
    ),
    '',
    '## Not settings',
    '',
    markdownTable(
      ['Name', 'What it does'],
      [
        ['`--config FILE`, `CERULEAN_CONFIG`', 'Names the JSON file.'],
        ['`--help`, `--version`', 'Print and end.'],
        [
          '`CERULEAN_ADMIN_PASSWORD`',
          "The first password of the default registry's admin user: 8 to 256 characters, no control characters. It is read at the first start only, and from the environment only. Without it a password is made.",
        ],
        [
          '`CERULEAN_CONTAINER=1`',
          "Set by the container image: the root key is then not made on the container's own layer.",
        ],
      ],
    ),
    '',
  ].join('\n');
}

const variableOf = (flag: string): string => `CERULEAN_${flag.toUpperCase().replaceAll('-', '_')}`;
