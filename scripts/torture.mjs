// Starts runs, kills them at random times, resumes or rolls them back, kills that as well, and judges each run by the state that
// Docker, the kernel and an append-only file show.
//   npm run torture -- [--rounds 50] [--minutes 10] [--seed 1] [--workflow NAME] [--lanes 2] [--from-round 1]
// NAME is lab, small, embedded, embedded-as-user, overlay, overlay-as-user or overlay-docker.
// Needs root. For lab and overlay-docker also dockerd: each lane of lab has its own engine, in a network namespace without an uplink,
// and each run of overlay-docker has two. The embedded runtime, on which wf runs as root or as an ordinary user, needs none: the script
// also kills and sweeps private hosts there.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createJiti } from 'jiti';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workflow: { type: 'string', default: 'lab' },
    lanes: { type: 'string', default: '2' },
    'from-round': { type: 'string', default: '1' },
  },
});
const { workflow } = values;
const numberOrNull = (text) => (text === undefined ? null : Number(text));
const minutes = numberOrNull(values.minutes);
const rounds = numberOrNull(values.rounds) ?? (minutes === null ? 50 : null);
const seed = Number(values.seed);

const setUp = fileURLToPath(new URL('set-up.mjs', import.meta.url));
if (spawnSync(process.execPath, [setUp, '--build-only'], { stdio: 'inherit' }).status !== 0) process.exit(3);

const jiti = createJiti(import.meta.url);
const { torture } = await jiti.import('../test/support/crash/torture/torture.ts');
const { SUBJECT_NAMES } = await jiti.import('../test/support/crash/subject.ts');
if (!SUBJECT_NAMES.includes(workflow)) throw new Error(`--workflow is ${SUBJECT_NAMES.join(', ')}, not ${workflow}`);
const { tortureFigures } = await jiti.import('../test/support/crash/torture/torture-figures.ts');

let stopped = false;
// Not `once`: execa would end its children at a signal without another listener, as at the end of this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (stopped = true));

process.stdout.write(`seed ${seed}, workflow ${workflow}, ${values.lanes} lanes\n`);
const begun = performance.now();
const report = await torture({
  workflow,
  rounds,
  minutes,
  seed,
  lanes: Number(values.lanes),
  firstRound: Number(values['from-round']),
  done: (round, { story, end }) => process.stdout.write(`round ${round}: ${story} -> ${end ?? 'never begun'}\n`),
  stopped: () => stopped,
});
process.stdout.write(tortureFigures(report, performance.now() - begun));
for (const { round, folder, problems } of report.failures) {
  process.stdout.write(
    `\nFAILED in round ${round}; its database is kept: ${folder}/wf.db\n` +
      `repeat it: npm run torture -- --workflow ${workflow} --seed ${seed} --from-round ${round} --rounds 1 --lanes 1\n` +
      problems.map((problem) => `- ${problem}\n`).join(''),
  );
}
process.exitCode = report.failures.length === 0 ? 0 : 1;
