import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/{http,house,process,suites,bench}/**/*.test.ts'],
    reporters: ['default', './test/suites/left-out-reporter.ts'],
    // One for each core: most tests wait for processes and disks.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
