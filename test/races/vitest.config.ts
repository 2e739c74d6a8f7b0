import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/races/**/*.test.ts'],
    // Several servers and planted bugs, one after the other, on a machine that may be small.
    testTimeout: process.env['CERULEAN_TEST_SIZE'] === 'full' ? 3_600_000 : 240_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
