import { type Setting, settings } from './settings.ts';

const columnsMax = 100;
const indent = 6;

/** The answer to `--help` or `--version`, with its line's end, if one of them was asked for, else undefined. */
export function helpOrVersion(argv: readonly string[], version: string): string | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return `${helpText()}\n`;
  return argv.includes('--version') ? `${version}\n` : undefined;
}

/** All settings with their defaults and variables, wrapped to 100 columns. */
export function helpText(): string {
  const rows: readonly Setting[] = Object.values(settings);
  return [
    'Usage: npm start -- [--name value]…',
    '',
    ...wrap(
      'Every setting is a flag, a variable or a member of a JSON file; a flag wins over a variable, a variable over the file. Relative paths start at the folder in which the server is started.',
      0,
    ),
    '',
    ...rows.flatMap(describe),
    '  --config FILE  (CERULEAN_CONFIG)',
    ...wrap(
      'A JSON file with members named as the flags are: { "port": 5000, "hostname": ["a.example"] }.',
      indent,
    ),
    ...wrap('Default: none', indent),
    '  --help, --version',
    '',
    'CERULEAN_ADMIN_PASSWORD',
    ...wrap(
      'The first password of the default registry’s admin user, read at the first start and from the environment only. Default: one is made; npm run -s cerulean -- credentials show NAME shows it.',
      indent,
    ),
  ].join('\n');
}

function describe(row: Setting): string[] {
  const value = { text: 'TEXT', number: 'NUMBER', switch: '', bytes: 'SIZE', list: 'LIST', path: 'PATH' }[
    row.kind
  ];
  const variable = `CERULEAN_${row.flag.toUpperCase().replaceAll('-', '_')}`;
  return [
    `  --${row.flag}${value === '' ? '' : ` ${value}`}  (${variable})`,
    ...wrap(row.help, indent),
    ...wrap(`Value: ${row.expects}`, indent),
    ...wrap(`Default: ${row.defaultText}`, indent),
  ];
}

function wrap(text: string, indentColumns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indentColumns + line.length + 1 + word.length > columnsMax) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${' '.repeat(indentColumns)}${each}`);
}
