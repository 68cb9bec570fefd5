/**
 * The environment variables between the runner, whoever starts it, and the tests.
 */

/** `1`: anything that is not run makes the run fail. Set by people and by CI. */
export const STRICT_VARIABLE = 'FREEHOLD_TEST_STRICT';

/** A file that takes the reasons of skipped suites, one a line. Set by the runner. */
export const SKIP_REPORT_VARIABLE = 'FREEHOLD_SKIP_REPORT';
