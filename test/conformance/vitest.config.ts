import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    testTimeout: 60_000,
    // A run loads both the suite and the server: side by side they would only wait for each other.
    fileParallelism: false,
  },
});
