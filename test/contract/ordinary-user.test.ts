import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../support/command/ordinary-user.ts';
import { inTurn } from '../support/rotation.ts';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const OTHERS = readdirSync(import.meta.dirname).filter((name) => !import.meta.filename.endsWith(name));
/** Root tries all of them in each run. */
const CHOSEN = inTurn(OTHERS, 3);

const assertion = z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) });
const report = z.object({
  testResults: z.array(z.object({ name: z.string(), message: z.string(), assertionResults: z.array(assertion) })),
});

// An ordinary user already runs these tests without this one.
test.skipIf(!canActAsOrdinaryUser())(
  `the embedded runtime keeps the same promises for an ordinary user: ${CHOSEN.join(', ')}`,
  { timeout: 10 * 60_000 },
  () => {
    const { PATH = '' } = process.env;
    const files = CHOSEN.map((name) => `test/contract/${name}`);
    const options = [
      'run',
      ...files,
      '--project',
      'contract',
      '-t',
      'embedded:',
      '--configLoader',
      'runner',
      '--reporter=json',
    ];
    const [program = '', ...args] = [...ORDINARY_USER, process.execPath, VITEST, ...options];
    // No variable that leads to an engine; all cases, also those that take turns with the engine.
    const { stdout } = spawnSync(program, args, {
      encoding: 'utf8',
      env: { PATH, HOME: '/nonexistent', WF_TEST_CASES: 'all' },
    });
    const { testResults } = report.parse(JSON.parse(stdout));
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = tests.filter(({ status }) => status === 'failed');
    expect({ failed, unable: testResults.map(({ message }) => message).filter((message) => message !== '') }).toEqual({
      failed: [],
      unable: [],
    });
    const passed = testResults.filter(({ assertionResults }) =>
      assertionResults.some(({ status }) => status === 'passed'),
    );
    expect(passed.map(({ name }) => path.basename(name)).sort()).toEqual([...CHOSEN].sort());
  },
);
