import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  expectRefusal as expectAnyRefusal,
  expectRefusedAsText,
  expectTextRefusal,
  type Refusal,
} from '../../support/command/refusal.ts';
import { openProject } from '../../support/command/run-wf.ts';

// wf checks input before it contacts Docker, so these tests need no engine.
const options = { env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } };
const project = openProject({
  'list.json': '["devNetwork"]',
  'broken.json': '{ "devNetwork": ',
  'unknown.json': '{ "devNetwrok": "lab" }',
  'number.json': '{ "devNetwork": 7 }',
});
const files = readdirSync(project.folder);

const expectRefusal = (args: readonly string[], refusal: Refusal) => expectAnyRefusal(project, args, refusal, options);

const lab = (...inputs: readonly string[]) => ['start', 'lab-network', ...inputs.flatMap((one) => ['--input', one])];
const LONG = 'n'.repeat(64);

/** `unit/cli/lab-input-is-refused.test.ts` tries more inputs of the lab. */
describe.concurrent('wf start lab-network', () => {
  test.for<[what: string, inputs: readonly string[], message: readonly string[], next: string]>([
    ['an unknown name', ['devNetwrok=x'], ['unknown input "devNetwrok"'], 'Did you mean devNetwork?'],
    ['several invalid inputs', ['x=1', 'y', 'hostLink='], ['"x"', '"y"', 'hostLink'], 'Inputs of lab-network'],
    ['a link name of 16 characters', ['hostLink=abcdefghijklmnop'], ['hostLink', '15 characters'], 'hostLink'],
    ['a command in a Docker name', ['devNetwork=$(touch pwned)'], ['devNetwork', 'letters, digits'], 'devNetwork'],
    ['backticks in a Docker name', ['devContainer=`touch pwned`'], ['devContainer'], 'devContainer'],
    ['a semicolon in a Docker name', ['prodNetwork=a;touch pwned'], ['prodNetwork'], 'prodNetwork'],
    ['a newline in a Docker name', ['devContainer=App\nDev'], ['devContainer'], 'devContainer'],
    [
      'an address outside its subnet',
      ['devSubnet=172.30.0.0/16', 'spliceAddress=172.31.0.100'],
      ['spliceAddress', '172.30.0.0/16'],
      'spliceAddress',
    ],
  ])('refuses %s with exit code 2 and a hint', async ([, inputs, message, next]) => {
    await expectRefusal(lab(...inputs), { exitCode: 2, code: 'E_INPUT', message, next });
  });

  test.for<[file: string, message: string, next: string]>([
    ['nowhere.json', 'nowhere.json: cannot read', '--input-file a JSON file'],
    ['workflows', 'workflows: cannot read', '--input-file a JSON file'],
    ['broken.json', 'broken.json: cannot read', '--input-file a JSON file'],
    ['list.json', 'list.json: not a JSON object', '--input-file a JSON file'],
    ['unknown.json', 'unknown input "devNetwrok"', 'Did you mean devNetwork?'],
    ['number.json', 'devNetwork', 'Inputs of lab-network'],
  ])('refuses --input-file %s with exit code 2 and a hint', async ([file, message, next]) => {
    const args = ['start', 'lab-network', '--input-file', file];
    await expectRefusal(args, { exitCode: 2, code: 'E_INPUT', message: [message], next });
  });
});

describe.concurrent('an invalid command line', () => {
  test.for<[args: readonly string[], code: string, message: string, next: string]>([
    [
      ['start', 'lab-netwrok'],
      'E_WORKFLOW_NOT_FOUND',
      'there is no workflow "lab-netwrok"',
      'Did you mean lab-network?',
    ],
    [['start', '../../etc/passwd'], 'E_WORKFLOW_NOT_FOUND', 'does not exist', 'wf workflows'],
    [['start', '$(touch pwned)'], 'E_WORKFLOW_NOT_FOUND', '"$(touch pwned)"', 'lab-network'],
    [['start'], 'E_USAGE', "missing required argument 'workflow'", 'wf start --help'],
    [['start', 'lab-network', 'again'], 'E_USAGE', 'too many arguments', 'wf start --help'],
    [['start', 'lab-network', '--dryrun'], 'E_USAGE', "unknown option '--dryrun'", 'Did you mean --dry-run?'],
    [['start', 'lab-network', '--input'], 'E_USAGE', 'argument missing', 'wf start --help'],
    [['start', 'lab-network', '--runtime', 'podman'], 'E_USAGE', 'auto, docker, embedded', 'wf start --help'],
    [['start', 'lab-network', '--on-failure', 'ignore'], 'E_USAGE', 'rollback, keep', 'wf start --help'],
    [['start', 'lab-network', '--id', '../x'], 'E_USAGE', '"../x" is not a valid run id', 'letters, digits'],
    [['start', 'lab-network', '--id', ''], 'E_USAGE', 'is not a valid run id', 'letters, digits'],
    [['start', 'lab-network', '--id', LONG], 'E_USAGE', 'is not a valid run id', '63'],
    [['strat', 'lab-network'], 'E_USAGE', "unknown command 'strat'", 'Did you mean start?'],
    [['runs', '--limit', '-1'], 'E_USAGE', 'positive integer', 'wf runs --help'],
    [['rollback'], 'E_USAGE', "missing required argument 'run'", 'wf rollback --help'],
    [['show', 'nosuch'], 'E_RUN_NOT_FOUND', 'run "nosuch" does not exist', 'wf sweep --db '],
    [['show', '@latest'], 'E_RUN_NOT_FOUND', 'run "@latest" does not exist', 'wf sweep --db '],
    [['show', "'; DROP TABLE runs; --"], 'E_RUN_NOT_FOUND', 'DROP TABLE', 'wf sweep --db '],
    [['logs', 'no such'], 'E_RUN_NOT_FOUND', 'run "no such" does not exist', 'wf sweep --db '],
    [['changes', '%'], 'E_RUN_NOT_FOUND', 'run "%" does not exist', 'wf sweep --db '],
    [['steps', 'net.vteh'], 'E_STEP_NOT_FOUND', 'step runner "net.vteh" does not exist', 'Did you mean net.veth?'],
  ])('is refused: wf %j', async ([args, code, message, next]) => {
    await expectRefusal(args, { exitCode: 2, code, message: [message], next });
  });
});

describe.concurrent('an invalid command line without --json', () => {
  test.for<[args: readonly string[], code: string, message: string, next: string]>([
    [lab('devNetwork=a\nb'), 'E_INPUT', 'devNetwork', 'Inputs of lab-network'],
    [['start', 'lab-network', '--input-file', 'broken.json'], 'E_INPUT', 'broken.json', '--input-file a JSON file'],
    [['start', 'lab-netwrok'], 'E_WORKFLOW_NOT_FOUND', '"lab-netwrok"', 'Did you mean lab-network?'],
    [['start', 'lab-network', '--dryrun'], 'E_USAGE', "unknown option '--dryrun'", 'Did you mean --dry-run?'],
    [['show', 'no\nsuch'], 'E_RUN_NOT_FOUND', 'does not exist', 'wf sweep --db '],
  ])('is refused as text: wf %j', async ([args, code, message, next]) => {
    await expectTextRefusal(project, args, { exitCode: 2, code, message: [message], next }, options);
  });
});

test('the process of wf prints a refusal as text', async () => {
  const refusal = {
    exitCode: 2,
    code: 'E_INPUT',
    message: ['unknown input "devNetwrok"'],
    next: 'Did you mean devNetwork?',
  };
  expectRefusedAsText(project, await project.wf(lab('devNetwrok=x'), options), refusal);
});

test('refused commands create no file', () => {
  expect(readdirSync(project.folder)).toEqual(files);
});
