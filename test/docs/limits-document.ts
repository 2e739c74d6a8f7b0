import { type Limit, limitTable } from '@cerulean/server/limits.ts';
import { controlLimits } from '@cerulean/server/operator/control-server.ts';
import { callCategories, registrySkus, tiers } from '@cerulean/server/registry/tiers.ts';
import { formatLimit, type LimitUnit } from './format-limit.ts';
import { generatedNotice, markdownTable } from './markdown-table.ts';

/** `docs/limits.md`: every limit with its value and its reason. */
export function limitsDocument(): string {
  return [
    generatedNotice('packages/server/src/limits.ts and the other tables of limits'),
    '',
    '# Limits',
    '',
    'Every limit has a name, a unit and a reason in one place. None of them can be set from outside;',
    'what can be set is in [configuration.md](configuration.md). What a client is told when it meets a limit is in',
    '[errors.md](errors.md).',
    '',
    'Limits "in a serving thread" count for each thread: with `--workers 4` there are four times as many.',
    '',
    '## The server',
    '',
    'From `packages/server/src/limits.ts`.',
    '',
    tableOf(limitTable),
    '',
    ...tierLines(),
    "## The operator's socket",
    '',
    'From `packages/server/src/operator/control-server.ts`, where the reasons stand.',
    '',
    markdownTable(
      ['Name', 'Value'],
      Object.entries(controlLimits).map(([name, value]) => [`\`${name}\``, formatLimit(value, unitOf(name))]),
    ),
    '',
    'The defaults of `--cache-memory`, `--reserve-space`, `--drain-seconds` and `--workers` bound memory, disk and time',
    'too; they are settings.',
    '',
  ].join('\n');
}

function tierLines(): string[] {
  const count = (value: number): string => formatLimit(value, 'count');
  return [
    '## The tiers',
    '',
    "From `packages/server/src/registry/tiers.ts`: ACR's figures. Scope maps and tokens are always bounded by them.",
    '',
    markdownTable(
      ['', ...registrySkus],
      [
        ['Tokens', ...registrySkus.map((sku) => count(tiers[sku].tokensMax))],
        ['Scope maps', ...registrySkus.map((sku) => count(tiers[sku].scopeMapsMax))],
      ],
    ),
    '',
    'With `--rate-limits acr` these are the calls a minute of all callers of a registry, and of one identity (for `OAuth`:',
    'of one address). As many may come at once. A list of referrers counts as a read too.',
    '',
    markdownTable(
      ['Category', ...registrySkus.map((sku) => `${sku}: registry / identity`)],
      callCategories.map((category) => [
        `\`${category}\``,
        ...registrySkus.map((sku) => {
          const { registry, identity } = tiers[sku].calls[category];
          return `${count(registry)} / ${count(identity)}`;
        }),
      ]),
    ),
    '',
  ];
}

function tableOf(table: Readonly<Record<string, Limit>>): string {
  const rows = Object.entries(table).map(([name, { value, unit, reason }]) => [
    `\`${name}\``,
    formatLimit(value, unit),
    reason,
  ]);
  return markdownTable(['Name', 'Value', 'Why'], rows);
}

function unitOf(name: string): LimitUnit {
  if (name.endsWith('Ms')) return 'ms';
  return name.includes('Bytes') ? 'bytes' : 'count';
}
