import { parseScopes } from '@cerulean/oci/scope.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anonymousPrincipal } from './anonymous-principal.ts';
import type { AccessClaim, Caller } from './authorise.ts';
import { grantScopes } from './grant-scopes.ts';

const settings = {
  anonymousPull: true,
  adminUserEnabled: true,
  roleAssignmentMode: 'LegacyRegistryPermissions' as const,
};
const admin: Caller = {
  principal: { kind: 'admin', id: 'a1', name: 'cerulean', registry: 'r1', enabled: true },
  bound: undefined,
};
const anonymous: Caller = { principal: anonymousPrincipal('r1'), bound: undefined };

const granted = (caller: Caller, ...values: string[]) =>
  grantScopes(caller, parseScopes(values, { scopesMax: 1000 }), settings);

describe('grantScopes', () => {
  test.each<{ asked: string[]; admin: AccessClaim[]; anonymous: AccessClaim[] }>([
    { asked: [], admin: [], anonymous: [] },
    {
      asked: ['repository:a/b:pull,push'],
      admin: [{ type: 'repository', name: 'a/b', actions: ['pull', 'push'] }],
      anonymous: [{ type: 'repository', name: 'a/b', actions: ['pull'] }],
    },
    {
      asked: ['repository:a:pull repository:b:delete', 'repository:a:push'],
      admin: [
        { type: 'repository', name: 'a', actions: ['pull', 'push'] },
        { type: 'repository', name: 'b', actions: ['delete'] },
      ],
      anonymous: [{ type: 'repository', name: 'a', actions: ['pull'] }],
    },
    {
      asked: ['registry:catalog:*'],
      admin: [{ type: 'registry', name: 'catalog', actions: ['*'] }],
      anonymous: [{ type: 'registry', name: 'catalog', actions: ['*'] }],
    },
    {
      asked: ['repository:a:*'],
      admin: [
        {
          type: 'repository',
          name: 'a',
          actions: ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'],
        },
      ],
      anonymous: [{ type: 'repository', name: 'a', actions: ['pull', 'metadata_read'] }],
    },
    { asked: ['repository:a:'], admin: [], anonymous: [] },
    { asked: ['repository:a:PULL'], admin: [], anonymous: [] },
    { asked: ['Repository:a:pull'], admin: [], anonymous: [] },
    {
      asked: ['repository:A:pull', 'repository:a/../b:pull', 'repository:*:*', 'repository:a%2fb:pull'],
      admin: [],
      anonymous: [],
    },
    { asked: ['repository:localhost:5000/a:pull'], admin: [], anonymous: [] },
    {
      asked: ['registry:catalog:pull', 'registry:other:*', 'registry:deleted_catalog:*'],
      admin: [],
      anonymous: [],
    },
    { asked: ['artifact-repository:repo:pull', 'admin:all:*', 'pull', ':::'], admin: [], anonymous: [] },
    {
      asked: ['  repository:a:pull  '],
      admin: [{ type: 'repository', name: 'a', actions: ['pull'] }],
      anonymous: [{ type: 'repository', name: 'a', actions: ['pull'] }],
    },
  ])('$asked', (row) => {
    expect(granted(admin, ...row.asked)).toEqual(row.admin);
    expect(granted(anonymous, ...row.asked)).toEqual(row.anonymous);
  });

  test('a thousand scopes stay a thousand claims', () => {
    const asked = Array.from({ length: 1000 }, (_, index) => `repository:r${index}:pull`);
    expect(granted(admin, asked.join(' '))).toHaveLength(1000);
  });

  test('nothing is granted that was not asked for, nor that the caller may not do', () => {
    const word = fc.constantFrom(
      'pull',
      'push',
      'delete',
      'metadata_read',
      'metadata_write',
      '*',
      'PULL',
      '',
    );
    const name = fc.constantFrom('a', 'a/b', 'catalog', 'A', '*', '../a', 'a:5/b');
    const scope = fc.tuple(
      fc.constantFrom('repository', 'registry', 'x'),
      name,
      fc.array(word, { maxLength: 4 }),
    );
    const callers = fc.constantFrom(admin, anonymous, {
      ...admin,
      bound: [{ type: 'repository', name: 'a', actions: ['pull'] }],
    });
    fc.assert(
      fc.property(callers, fc.array(scope, { maxLength: 6 }), (caller, scopes) => {
        const claims = granted(
          caller,
          ...scopes.map(([type, resource, actions]) => `${type}:${resource}:${actions.join(',')}`),
        );
        const wasAsked = (claim: AccessClaim, action: string) =>
          scopes.some(([type, resource, actions]) => {
            const fits = type === claim.type && resource === claim.name;
            return (
              fits && (actions.includes(action as never) || (type === 'repository' && actions.includes('*')))
            );
          });
        for (const claim of claims) {
          expect(claim.actions.length).toBeGreaterThan(0);
          for (const action of claim.actions) {
            expect(wasAsked(claim, action)).toBe(true);
            if (caller === anonymous) expect(['pull', 'metadata_read', '*']).toContain(action);
            if (caller.bound !== undefined)
              expect([claim.name, action]).toEqual(['a', expect.stringMatching(/^(pull|metadata_read)$/)]);
          }
        }
      }),
    );
  });
});
