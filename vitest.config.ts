import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/{http,house,process,suites}/**/*.test.ts'],
    reporters: ['default', './test/suites/left-out-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
