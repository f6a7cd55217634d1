// Sets up wf, checks the sources and runs the tests. `npm test` and continuous integration run this.
// With `--quick`, style, types and unused code, and the tests that need neither root nor a package of the system.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'wf-check-'));
const reportFile = path.join(folder, 'tests.json');

const isQuick = process.argv.includes('--quick');
/** The unit tests, and tests of everyday commands. */
const quickFiles = [
  'test/unit/',
  'test/cli/refusals/mistakes-name-the-next-step',
  'test/cli/package/output-goes-where-it-belongs',
  'test/cli/recovery/paused-and-resumed',
  'test/cli/recovery/rolled-back-when-it-is-asked-for',
  'test/cli/runs/runs-are-found',
];
const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${reportFile}`];
const script = (name, ...args) => ['npm', 'run', '--silent', name, ...args];
const setUp = (...options) => [process.execPath, 'scripts/set-up.mjs', ...options];

/** Each stage needs the previous one. One processor compiles the addon while another checks the sources. */
const stages = [
  [{ name: 'dependencies', argv: setUp('--dependencies-only'), isShown: true }],
  [
    { name: 'native addon and dist/', argv: setUp(), isShown: true },
    { name: 'style', argv: script('check:style') },
    { name: 'types', argv: script('check:types') },
    { name: 'unused code', argv: script('check:unused') },
    ...(isQuick ? [] : [{ name: 'packages for the tests', argv: [process.execPath, 'scripts/test-packages.mjs'] }]),
  ],
  isQuick
    ? [
        {
          name: 'tests',
          argv: ['npx', 'vitest', 'run', '--maxWorkers=100%', ...quickFiles, ...reporters],
          isShown: true,
        },
      ]
    : [
        // Without this, packing would run `prepare`, which builds dist/ again.
        { name: 'package', argv: script('check:package'), env: { npm_config_ignore_scripts: 'true' } },
        { name: 'tests', argv: script('check:tests', '--', '--report', reportFile), isShown: true },
      ],
];

const ends = [];
for (const stage of stages) {
  if (ends.every(({ isOk }) => isOk)) ends.push(...(await Promise.all(stage.map(carryOut))));
}
const failed = ends.filter(({ isOk }) => !isOk).map(({ name }) => name);

const { passed, failures, skipped, messages } = results();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(messages.map((text) => `\n${text}\n`).join(''));
process.stdout.write(`\n${failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`}\n`);
process.stdout.write(`${passed} passed, ${failures} failed, ${skipped} skipped\n`);
process.exitCode = failed.length === 0 && failures === 0 && passed > 0 ? 0 : 1;

/** Runs a check. Prints its output at once if `isShown`, otherwise at its end. */
async function carryOut({ name, argv: [program, ...args], env = {}, isShown = false }) {
  const begun = performance.now();
  const output = isShown ? 'inherit' : 'pipe';
  if (isShown) process.stdout.write(`\n== ${name}\n`);
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['inherit', output, output],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
  }
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`${printed}== ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
  return { name, isOk: status === 0 };
}

/** Returns the number of tests by result, and a text for each failure; empty if no tests ran. */
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

/** Readers see the last lines of a log first. */
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
