import type { RegistryErrorCode } from '@cerulean/server/errors.ts';
import { oauthErrors } from '@cerulean/server/http/oauth2/errors.ts';
import { ociErrors, retryAfterSeconds } from '@cerulean/server/http/oci/errors.ts';
import { errorAdvice } from './error-advice.ts';
import { generatedNotice, markdownTable } from './markdown-table.ts';

const codes = Object.keys(errorAdvice) as RegistryErrorCode[];

/** Refusals that only the operator's command meets: on the wire nobody can cause them. */
const operatorOnly: readonly RegistryErrorCode[] = [
  'registry_exists',
  'registry_name_invalid',
  'confirmation_missing',
  'credential_unknown',
  'resource_exists',
  'resource_unknown',
  'resource_invalid',
  'resource_in_use',
];

/** `docs/errors.md`: every refusal, as each surface shows it. */
export function errorsDocument(): string {
  return [
    generatedNotice(
      'the tables in packages/server/src/http/oci/errors.ts and packages/server/src/http/oauth2/errors.ts',
    ),
    '',
    '# Errors',
    '',
    'Refusals are a closed list. Each surface has one table that says how it shows them; a refusal that a table forgets',
    'does not compile. The body is the one of the specification:',
    '',
    '```json',
    '{ "errors": [{ "code": "TAG_INVALID", "message": "…", "detail": { "tag": "…" } }] }',
    '```',
    '',
    "The name in the first column stands as `outcome` in the log's line of the request. The request's id is in the",
    'header `X-Ms-Correlation-Request-Id` of every answer and in the log.',
    '',
    '## The distribution API (`/v2/`)',
    '',
    markdownTable(
      ['Refusal', 'Status', 'Code', 'When', 'What to do'],
      codes
        .filter((code) => !operatorOnly.includes(code))
        .map((code) => {
          const { status, code: wireCode } = ociErrors[code];
          const { when, remedy } = errorAdvice[code];
          return [`\`${code}\``, String(status), `\`${wireCode}\``, when, remedy];
        }),
    ),
    '',
    `429 and 503 come with Retry-After: ${retryAfterSeconds[429]} and ${retryAfterSeconds[503]} seconds, unless the refusal knows better.`,
    '',
    '## What is no refusal',
    '',
    markdownTable(
      ['What happened', 'Status', 'Code', 'What the log has'],
      [
        [
          'An object is missing, cut or changed, its disk fails, or the database can not be read',
          '503',
          '`UNAVAILABLE`',
          "level `warn`, `storage failure`, with the object or the database's error",
        ],
        [
          'The same, when the answer has begun',
          'the connection is cut',
          '',
          'level `warn`, `storage failure`',
        ],
        [
          'A bug',
          '500',
          '`UNKNOWN`',
          'level `error`, `bug`, with the stack; the client gets the request id only',
        ],
        ['The client went away', 'none', '', 'status 499'],
        ['No well-formed HTTP', '400, 408, 413 or 431', '`UNSUPPORTED`', 'nothing'],
      ],
    ),
    '',
    '## The token endpoint (`/oauth2/token`)',
    '',
    "ACR has the registry's error form here too, and not that of RFC 6749.",
    '',
    markdownTable(
      ['Refusal', 'Status', 'Code'],
      codes
        .filter((code) => oauthErrors[code].status !== 500)
        .map((code) => [`\`${code}\``, String(oauthErrors[code].status), `\`${oauthErrors[code].code}\``]),
    ),
    '',
    'A body that is no form is 415.',
    '',
    "## The operator's command",
    '',
    'It prints the message and ends with 1; wrongly called it ends with 2, without a server with 3. Beside the refusals',
    'above there are these:',
    '',
    markdownTable(
      ['Refusal', 'When', 'What to do'],
      operatorOnly.map((code) => [`\`${code}\``, errorAdvice[code].when, errorAdvice[code].remedy]),
    ),
    '',
  ].join('\n');
}
