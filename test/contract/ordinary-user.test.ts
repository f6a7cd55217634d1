import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../support/ordinary-user.ts';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const assertion = z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) });
const report = z.object({
  testResults: z.array(z.object({ message: z.string(), assertionResults: z.array(assertion) })),
});

// An ordinary user already runs these tests without this one.
test.skipIf(!canActAsOrdinaryUser())(
  'the embedded runtime keeps the same promises for an ordinary user',
  { timeout: 10 * 60_000 },
  () => {
    const { PATH = '' } = process.env;
    const options = ['run', '--project', 'contract', '-t', 'embedded:', '--configLoader', 'runner', '--reporter=json'];
    const [program = '', ...args] = [...ORDINARY_USER, process.execPath, VITEST, ...options];
    // No variable that leads to an engine.
    const { stdout } = spawnSync(program, args, { encoding: 'utf8', env: { PATH, HOME: '/nonexistent' } });
    const { testResults } = report.parse(JSON.parse(stdout));
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = tests.filter(({ status }) => status === 'failed');
    expect({ failed, unable: testResults.map(({ message }) => message).filter((message) => message !== '') }).toEqual({
      failed: [],
      unable: [],
    });
    expect(tests.filter(({ status }) => status === 'passed').length).toBeGreaterThan(30);
  },
);
