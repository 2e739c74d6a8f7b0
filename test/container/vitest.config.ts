import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/container/**/*.test.ts'], testTimeout: 300_000 },
});
