/**
 * Reads vitest's JSON reports and adds them up. Pure: values in, values out.
 */
import { z } from 'zod';

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Summary extends Counts {
  /** Full names of the skipped tests. */
  readonly skippedNames: readonly string[];
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/**
 * One vitest run. A file that fails without a failed test (it could not be loaded) and a run that fails without a failed file
 * (an unhandled rejection) count as one failure each. No readable report at all is one failure.
 * @param text the JSON report; null where vitest wrote none
 * @param succeeded whether vitest ended with status 0
 */
export function summarize(text: string | null, succeeded: boolean): Summary {
  const read = report.safeParse(parse(text));
  if (!read.success) return { passed: 0, failed: 1, skipped: 0, skippedNames: [] };
  let passed = 0;
  let failed = 0;
  const skippedNames: string[] = [];
  for (const file of read.data.testResults) {
    const failedBefore = failed;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') failed += 1;
      else skippedNames.push(test.fullName);
    }
    if (file.status === 'failed' && failed === failedBefore) failed += 1;
  }
  if (!succeeded && failed === 0) failed = 1;
  return { passed, failed, skipped: skippedNames.length, skippedNames };
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** The last line of every run. */
export const summaryLine = (counts: Counts): string =>
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
