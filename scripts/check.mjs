// Every check, the quickest first; stops at the first that fails. `npm test` and continuous integration run this.
// With `--quick`, style, types and unused code, and the tests that need neither root nor a package of the system.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'wf-check-'));
const reportFile = path.join(folder, 'tests.json');

const isQuick = process.argv.includes('--quick');
/** The unit tests, and what people do with the command every day. */
const quickFiles = [
  'test/unit/',
  'test/cli/refusals/mistakes-say-what-to-do',
  'test/cli/package/output-goes-where-it-belongs',
  'test/cli/runs/paused-and-resumed',
  'test/cli/runs/rolled-back-when-it-is-asked-for',
  'test/cli/runs/runs-are-found',
];
const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${reportFile}`];
const checks = [
  ['style', 'npm', 'run', '--silent', 'check:style'],
  ['types', 'npm', 'run', '--silent', 'check:types'],
  ['unused code', 'npm', 'run', '--silent', 'check:unused'],
  ...(isQuick
    ? [['tests', 'npx', 'vitest', 'run', ...quickFiles, ...reporters]]
    : [
        ['package', 'npm', 'run', '--silent', 'check:package'],
        ['tests', 'npm', 'run', '--silent', 'check:tests', '--', '--report', reportFile],
      ]),
];

let failed;
for (const [name, program, ...args] of checks) {
  const begun = performance.now();
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`== ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
  if (status !== 0) {
    failed = name;
    break;
  }
}

const { passed, failures, skipped, messages } = results();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(messages.map((text) => `\n${text}\n`).join(''));
process.stdout.write(`\n${failed === undefined ? 'All checks passed.' : `The check "${failed}" failed.`}\n`);
process.stdout.write(`${passed} passed, ${failures} failed, ${skipped} skipped\n`);
process.exitCode = failed === undefined && failures === 0 && passed > 0 ? 0 : 1;

/** How many tests ran, how they ended, and a text for each failure; none where the tests did not come to run. */
function results() {
  let report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    return { passed: 0, failures: 0, skipped: 0, messages: [] };
  }
  const { numPassedTests: passed, numFailedTests: failures, numPendingTests: skipped, testResults } = report;
  return {
    passed,
    failures,
    skipped,
    messages: testResults.filter(({ status }) => status === 'failed').map(failuresOf),
  };
}

/** The last lines of a log are what people see first. */
function failuresOf({ name, message, assertionResults }) {
  const tests = assertionResults.filter(({ status }) => status === 'failed');
  return [
    path.relative(root, name),
    ...indented(message),
    ...tests.flatMap(({ fullName, failureMessages }) => [`  ${fullName}`, ...failureMessages.flatMap(indented)]),
  ].join('\n');
}

function indented(text) {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines
    .slice(0, 12)
    .filter((line) => line !== '')
    .map((line) => `    ${line.slice(0, 200)}`);
}
