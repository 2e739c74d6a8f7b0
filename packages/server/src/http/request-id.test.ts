import { expect, test } from 'vitest';
import { requestIdOf } from './request-id.ts';

const newId = () => 'fresh';

test.each(['client-id.1', 'a:b_c', 'x'.repeat(128)])('the client keeps its own id %j', (id) => {
  expect(requestIdOf(id, newId)).toBe(id);
});

test.each([undefined, '', 'two words', 'x'.repeat(129), 'a\nb', '<script>'])(
  'the id %j is replaced',
  (id) => {
    expect(requestIdOf(id, newId)).toBe('fresh');
  },
);
