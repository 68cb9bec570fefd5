/**
 * What `npm test` runs: lint, types, the unit tests, and the lab tests in an enclosure where this machine allows one. Says at the
 * end what it did not run and why; with FREEHOLD_TEST_STRICT=1 anything not run makes it fail. The last line is
 * `N passed, N failed, N skipped`. `node test/run.ts unit|lab [FILTER...]` runs only that part.
 */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enclosureAvailable } from './lab/enclosure.ts';
import { check, type Stage, stopCurrent, vitest } from './runner/steps.ts';
import { add, type Counts, NOTHING, type Summary, summaryLine } from './runner/summary.ts';
import { SKIP_REPORT_VARIABLE, STRICT_VARIABLE } from './runner/variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'freehold-test-'));
const skipReport = join(scratch, 'skipped');
const stage: Stage = { root, scratch, env: { [SKIP_REPORT_VARIABLE]: skipReport } };
const strict = process.env[STRICT_VARIABLE] === '1';

process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => void stopCurrent().then(() => process.exit(status)));
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

let counts: Counts = NOTHING;
const notRun = new Set<string>();
const failedSteps: string[] = [];

async function step(name: string, passes: Promise<boolean>): Promise<void> {
  if (await passes) return;
  failedSteps.push(name);
  counts = add(counts, { passed: 0, failed: 1, skipped: 0 });
}

async function suite(name: string, running: Promise<Summary>): Promise<void> {
  const before = existsSync(skipReport) ? readFileSync(skipReport, 'utf8').length : 0;
  const summary = await running;
  counts = add(counts, summary);
  if (summary.failed > 0) failedSteps.push(name);
  const reasons = existsSync(skipReport) ? readFileSync(skipReport, 'utf8').slice(before).split('\n') : [];
  const told = reasons.filter((reason) => reason !== '');
  for (const reason of told) notRun.add(reason);
  const suites = told.map((reason) => reason.slice(0, reason.lastIndexOf(': ')));
  for (const skipped of summary.skippedNames) {
    if (!suites.some((title) => skipped.includes(title))) notRun.add(`${skipped}: marked as skipped in the test itself`);
  }
}

async function unit(filters: readonly string[]): Promise<void> {
  say('\nUnit tests');
  await suite('unit tests', vitest(stage, 'unit', filters, false));
}

async function lab(filters: readonly string[]): Promise<void> {
  const available = enclosureAvailable();
  if (available.ok) {
    say(`\nLab tests, in network namespaces of their own (${available.how === 'root' ? 'as root' : 'in a user namespace'})`);
    await suite('lab tests', vitest(stage, 'lab', filters, true));
    return;
  }
  const files = globSync('test/**/*.lab.test.ts', { cwd: root }).length;
  notRun.add(`All ${files} files of lab tests: ${available.reason}`);
  counts = add(counts, { passed: 0, failed: 0, skipped: files });
}

function addOn(): void {
  try {
    createRequire(import.meta.url)('raw-socket');
  } catch {
    notRun.add('ICMP: the optional add-on raw-socket is not built (Debian: apt-get install build-essential python3)');
  }
}

const [part, ...filters] = process.argv.slice(2);
switch (part) {
  case 'unit':
    await unit(filters);
    break;
  case 'lab':
    await lab(filters);
    break;
  case undefined:
    say('Lint and types');
    await step('lint', check(stage, 'biome', 'check', '--error-on-warnings', '.'));
    await step('types', check(stage, 'tsc', '--noEmit'));
    await unit([]);
    await lab([]);
    addOn();
    break;
  default:
    process.stderr.write('usage: node test/run.ts [unit|lab [FILTER...]]\n');
    process.exit(2);
}

const passed = failedSteps.length === 0 && !(strict && notRun.size > 0);
if (failedSteps.length > 0) say(`\nFailed: ${failedSteps.join(', ')}.`);
if (notRun.size > 0) {
  say(`\nNot run${strict ? ', which FREEHOLD_TEST_STRICT=1 forbids' : ''}:`);
  for (const reason of notRun) say(`  - ${reason}`);
}
if (failedSteps.length > 0 || notRun.size > 0) say('');
say(summaryLine(counts));
process.exitCode = passed ? 0 : 1;
