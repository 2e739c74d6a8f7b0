import { describe, expect, test } from 'vitest';
import { checkCondition } from './check-condition.ts';
import { compileCondition } from './compile-condition.ts';
import { ConditionError } from './condition-error.ts';
import { formatCondition } from './format-condition.ts';
import { parseCondition } from './parse-condition.ts';

const R = 'Microsoft.ContainerRegistry/registries/repositories';
const name = `@Request[${R}:name]`;

/** As Azure's own page shows it, with its line breaks. */
const published = `
(
 (
  !(ActionMatches{'${R}/content/read'})
  AND
  !(ActionMatches{'${R}/metadata/read'})
 )
 OR
 (
  ${name} StringEqualsIgnoreCase 'nginx'
 )
)`;

function holds(condition: string, repository: string, action = 'content/read'): boolean {
  const parsed = parseCondition(condition);
  checkCondition(parsed);
  const compiled = compileCondition(parsed, `${R}/${action}`);
  return typeof compiled === 'boolean' ? compiled : compiled(repository);
}

function refusal(condition: string): string {
  try {
    checkCondition(parseCondition(condition));
  } catch (error) {
    if (error instanceof ConditionError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe("Azure's published condition", () => {
  test('lets the named repository be read, no other, and says nothing of other actions', () => {
    expect(holds(published, 'nginx')).toBe(true);
    expect(holds(published, 'nginx', 'metadata/read')).toBe(true);
    expect(holds(published, 'nginx2')).toBe(false);
    expect(holds(published, 'other', 'metadata/read')).toBe(false);
    expect(holds(published, 'other', 'content/write')).toBe(true);
  });

  test('is printed on one line, which means the same', () => {
    const line = formatCondition(parseCondition(published));
    expect(line).toBe(
      `(!(ActionMatches{'${R}/content/read'}) AND !(ActionMatches{'${R}/metadata/read'})) OR ${name} StringEqualsIgnoreCase 'nginx'`,
    );
    expect(holds(line, 'nginx')).toBe(true);
    expect(holds(line, 'other')).toBe(false);
  });
});

test.each([
  ["StringEquals 'team/app'", 'team/app', true],
  ["StringEquals 'Team/App'", 'team/app', false],
  ["StringEqualsIgnoreCase 'Team/App'", 'team/app', true],
  ["StringNotEquals 'team/app'", 'team/app', false],
  ["StringNotEqualsIgnoreCase 'TEAM/APP'", 'team/web', true],
  ["StringStartsWith 'team/'", 'team/app', true],
  ["StringStartsWith 'team/'", 'teams/app', false],
  ["StringStartsWithIgnoreCase 'TEAM/'", 'team/app', true],
  ["StringNotStartsWith 'team/'", 'team/app', false],
  ["StringNotStartsWithIgnoreCase 'TEAM/'", 'other', true],
  ["StringLike 'team/*'", 'team/a/b', true],
  ["StringLike 'a*c?'", 'abcd', true],
  ["StringLike 'A*C?'", 'abcd', false],
  ["StringLike 'a*c'", 'abcd', false],
  ["StringLikeIgnoreCase 'A*C?'", 'abcd', true],
  ["StringNotLike 'team/*'", 'team/app', false],
  ["StringNotLikeIgnoreCase 'TEAM/*'", 'web', true],
  ["ForAnyOfAnyValues:StringEquals {'blue', 'green'}", 'blue', true],
  ["ForAnyOfAnyValues:StringEquals {'orange', 'green'}", 'blue', false],
  ["ForAllOfAnyValues:StringLikeIgnoreCase {'a/*', 'B/*'}", 'b/x', true],
  ["ForAnyOfAllValues:StringNotEquals {'a', 'b'}", 'c', true],
  ["ForAnyOfAllValues:StringNotEquals {'a', 'b'}", 'a', false],
  ["ForAllOfAllValues:StringStartsWith {'a/', 'a/b/'}", 'a/b/c', true],
  ["ForAllOfAllValues:StringStartsWith {'a/', 'a/b/'}", 'a/c', false],
] as const)('%s on %s is %s', (comparison, repository, expected) => {
  expect(holds(`${name} ${comparison}`, repository)).toBe(expected);
});

test.each([
  [`ActionMatches{'${R}/content/*'}`, 'content/write', true],
  [`ActionMatches{'${R}/content/*'}`, 'metadata/read', false],
  ["ActionMatches{'*/READ'}", 'metadata/read', true],
  [`Exists ${name}`, 'content/read', true],
  [`NotExists ${name}`, 'content/read', false],
  [`NOT ActionMatches{'*'} || ${name} StringEquals 'app'`, 'content/read', true],
  [
    `!!ActionMatches{'*'} && (${name} StringEquals 'app' or ${name} StringEquals 'web')`,
    'content/read',
    true,
  ],
] as const)('%s for %s is %s', (condition, action, expected) => {
  expect(holds(condition, 'app', action)).toBe(expected);
});

describe('what is wrong is told with its place and with what would be right', () => {
  test.each([
    ['', 'at 1: expected (, NOT, ActionMatches{…}, Exists or an attribute such as @Request[…], not the end'],
    ['(', 'at 2: expected (, NOT'],
    [`(${name} StringEquals 'a'`, 'at 85: expected AND, OR or ), not the end'],
    [`${name} StringEquals 'a')`, 'at 84: expected AND, OR or the end, not )'],
    [`${name} StringEqual 'a'`, 'at 68: there is no operator StringEqual on text; do you mean StringEquals?'],
    [`${name} NumericEquals 'a'`, 'at 68: there is no operator NumericEquals on text'],
    [`${name} ForSomeValues:StringEquals {'a'}`, 'at 68: expected one of ForAnyOfAnyValues'],
    [`${name} StringEquals`, 'at 80: expected a text in single quotes, not the end'],
    [
      `${name} StringEquals {'a', 'b'}`,
      'at 81: expected one text in single quotes; for a set write ForAnyOfAnyValues:StringEquals',
    ],
    [`${name} ForAnyOfAnyValues:StringEquals 'a'`, 'at 99: expected a set such as'],
    [`${name} ForAnyOfAnyValues:StringEquals {}`, 'at 100: expected a text in single quotes, not }'],
    [`${name} ForAnyOfAnyValues:StringEquals {'a' 'b'}`, "at 104: expected , or }, not 'b'"],
    [`${name} StringEquals "a"`, 'at 81: expected a text in single quotes'],
    [`${name} StringEquals 'a`, "at 81: this text has no end: expected a second '"],
    [`${name} = 'a'`, 'at 68: «=» has no meaning here'],
    ['@Request StringEquals x', 'at 1: expected an attribute: @Request['],
    [
      `${name} StringEquals 'a' AND ${name} StringEquals 'b' OR Exists ${name}`,
      'at 173: expected parentheses',
    ],
    [`${'('.repeat(65)}Exists ${name}${')'.repeat(65)}`, 'at 65: conditions are nested at most 64 deep'],
    [`${'!'.repeat(64)}Exists ${name}`, 'at 65: conditions are nested at most 64 deep'],
    ["ActionMatches{'x'}".padEnd(8193), 'at 8193: a condition has at most 8192 characters'],
    [
      `${name} ForAnyOfAnyValues:StringEquals {${Array.from({ length: 257 }, () => "'a'").join(',')}}`,
      'at 1124: a condition has at most 256 texts',
    ],
    [
      `!(ActionMatches{'${R}/content/reed'})`,
      `at 3: no data action of a registry is called «${R}/content/reed»; do you mean ${R}/content/read?`,
    ],
    [`ActionMatches{'Microsoft.ContainerRegistry/registries/pull/read'}`, 'at 1: no data action'],
    [
      `@Resource[${R}:name] StringEquals 'a'`,
      `at 1: there is no attribute @Resource[${R}:name]: what there is: ${name}`,
    ],
    [
      "@Request[subOperation] ForAnyOfAnyValues:StringEquals {'Blob.List'}",
      'at 1: there is no attribute @Request[subOperation]',
    ],
    ["SubOperationMatches{'Blob.List'}", 'at 1: the actions of a registry have no sub-operations'],
    [`${name} StringStartsWithIgnoreCase 'backend'`, "at 1: the prefix 'backend' needs a / at its end"],
    [`${name} StringNotStartsWith 'backend'`, "at 1: the prefix 'backend' needs a / at its end"],
  ])('%s', (condition, expected) => {
    expect(refusal(condition)).toContain(expected);
  });
});
