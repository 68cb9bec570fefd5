import { defineConfig } from 'vitest/config';

// Two projects: `unit` runs anywhere, on loopback at most. `lab` needs a network namespace of its own and is started by
// test/run.ts inside one; it refuses to run anywhere else (test/lab/guard.ts).
export default defineConfig({
  test: {
    pool: 'forks',
    // By default one less than there are cores; most tests wait for something most of the time.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.lab.test.ts', 'dist/**', 'node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/**/*.lab.test.ts'],
          exclude: ['dist/**', 'node_modules/**'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
