import { expect, test } from 'vitest';
import { CommandError } from './command-error.ts';
import { parseRoleDefinition } from './role-definition.ts';

test("the JSON of Azure's tools is read, in their two forms of names", () => {
  const lists = {
    Actions: ['a/read'],
    NotActions: [],
    DataActions: ['b/read'],
    NotDataActions: ['b/c/read'],
  };
  const azureCli = { Name: 'Mine', IsCustom: true, Description: 'd', ...lists, AssignableScopes: ['/'] };
  const read = {
    name: 'Mine',
    description: 'd',
    actions: ['a/read'],
    notActions: [],
    dataActions: ['b/read'],
    notDataActions: ['b/c/read'],
    assignableScopes: ['/'],
  };
  expect(parseRoleDefinition(JSON.stringify(azureCli), undefined)).toEqual(read);
  const { Name: _name, IsCustom: _custom, ...rest } = azureCli;
  const lower = Object.fromEntries(
    Object.entries({ roleName: 'Mine', ...rest }).map(([key, value]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      value,
    ]),
  );
  expect(parseRoleDefinition(JSON.stringify(lower), undefined)).toEqual(read);
  expect(parseRoleDefinition(JSON.stringify(lower), 'Other')).toEqual({ ...read, name: 'Other' });
});

test.each([
  ['', 'must be a JSON object'],
  ['[]', 'must be a JSON object'],
  ['{"Actions":[]}', 'has no name'],
  ['{"Name":7}', 'has no name'],
  ['{"Name":"a","Actions":"*"}', 'actions must be a list of texts'],
  ['{"Name":"a","DataActions":[7]}', 'dataActions must be a list of texts'],
  ['{"Name":"a","Description":7}', 'Description must be a text'],
  // Left out without a word, it would give more than was meant.
  ['{"Name":"a","Actions":["*"],"NotAction":["x"]}', 'a member notaction that no role has'],
])('%s is refused', (json, said) => {
  const parse = () => parseRoleDefinition(json, undefined);
  expect(parse).toThrow(CommandError);
  expect(parse).toThrow(said);
});
