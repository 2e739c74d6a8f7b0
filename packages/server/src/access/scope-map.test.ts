import { describe, expect, test } from 'vitest';
import { flawInScopeAction } from './scope-map.ts';

describe('action strings', () => {
  test.each([
    'repositories/app/content/read',
    'repositories/team/app/content/write',
    'repositories/team/app.v2/content/delete',
    'repositories/*/metadata/read',
    'repositories/team/*/metadata/write',
    'repositories/content/read/content/read',
    'gateway/edge-1/config/read',
    'gateway/edge/message/write',
  ])('%s is one', (action) => expect(flawInScopeAction(action)).toBeUndefined());

  test.each([
    '',
    'app/content/read',
    'repositories/app/content/*',
    'repositories/app/metadata/delete',
    'repositories/app/read',
    'repositories//content/read',
    'repositories/App/content/read',
    'repositories/a/../b/content/read',
    'repositories/team*/content/read',
    'repositories/*/app/content/read',
    'repositories/**/content/read',
    'repositories/app/content/read\n',
    `repositories/${'a'.repeat(256)}/content/read`,
    'gateway/edge/config/delete',
    'gateway/a/b/config/read',
  ])('%j is none, and is told so', (action) => expect(flawInScopeAction(action)).toContain('«'));
});
