import { defineConfig } from 'vitest/config';

/** The store's tests once more, on the PostgreSQL that CERULEAN_TEST_POSTGRES names: its absence is an error here. */
export default defineConfig({
  test: {
    include: ['packages/server/src/storage/database/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/postgres/require-postgres.ts'],
  },
});
