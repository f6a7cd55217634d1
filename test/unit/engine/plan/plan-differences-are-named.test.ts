import { expect, test } from 'vitest';
import { asDefinitionHash, asStepId } from '../../../../src/engine/model/ids.ts';
import { observedWords } from '../../../../src/engine/plan/observed-words.ts';
import { planDifferences } from '../../../../src/engine/plan/plan-differences.ts';
import type { ObservedNow, PlannedPlace, PlanStep, RunPlan } from '../../../../src/engine/plan/saved-plan.ts';

const PLACE: PlannedPlace = {
  bootId: 'boot',
  networkNamespace: { inode: 1, name: null },
  pidNamespace: '2',
  folder: '/one',
  user: 0,
  engine: 'AAAA',
};

const error = (message: string) => ({ code: 'E_NAME_IN_USE', message, hint: '' }) as const;

function step(id: string, observed: ObservedNow | null = null, commands: readonly string[] = []): PlanStep {
  const facts = { stage: 's', kind: 'k', description: '', does: 'change', inputFrom: [], onlyIf: [] } as const;
  return { step: asStepId(id), observed, commands, ...facts };
}

function plan(others: Partial<RunPlan>): RunPlan {
  return {
    run: null,
    workflow: 'lab',
    definitionHash: asDefinitionHash('a'),
    runtime: 'docker',
    input: {},
    options: { onFailure: 'rollback', pauseAfter: null },
    place: PLACE,
    steps: [],
    ...others,
  };
}

const ALL = { network: true, folderAndUser: true };
const place = (others: Partial<PlannedPlace>) => plan({ place: { ...PLACE, ...others } });
const absent = { found: 'absent', target: 'network lab', error: null } as const;

test.each<[what: string, then: RunPlan, now: RunPlan, expected: readonly string[]]>([
  ['nothing', plan({}), plan({}), []],
  ['the definition', plan({}), plan({ definitionHash: asDefinitionHash('b') }), ['workflow lab has changed']],
  ['the Docker engine', plan({}), place({ engine: 'BBBB' }), ['the Docker engine was AAAA, and is BBBB']],
  [
    'the Docker engine, which could not be asked',
    plan({}),
    place({ engine: null }),
    ['the Docker engine was AAAA, and is none'],
  ],
  [
    'the namespaces of the same boot',
    plan({}),
    place({ networkNamespace: { inode: 3, name: '/run/netns/lab' }, pidNamespace: '4' }),
    ['the network namespace was 1, and is /run/netns/lab (3)', 'the PID namespace was 2, and is 4'],
  ],
  [
    'the boot, after which the numbers of namespaces mean nothing',
    plan({}),
    place({ bootId: 'other', networkNamespace: { inode: 3, name: null }, pidNamespace: '4' }),
    ['the boot id of the machine (it was restarted, or is another machine) was boot, and is other'],
  ],
  [
    'the observed state',
    plan({ steps: [step('one', absent)] }),
    plan({ steps: [step('one', { found: 'foreign', target: null, error: error('lab is there') })] }),
    ['step one: observed was "network lab is not in place", and is "exists, and is not the run\'s: lab is there"'],
  ],
  [
    'the object in the way',
    plan({ steps: [step('one', { found: 'foreign', target: null, error: error('id 1') })] }),
    plan({ steps: [step('one', { found: 'foreign', target: null, error: error('id 2') })] }),
    ['step one: observed was "exists, and is not the run\'s: id 1", and is "exists, and is not the run\'s: id 2"'],
  ],
  [
    'only the words of why a state is unknown',
    plan({ steps: [step('one', { found: 'unknown', target: null, error: error('after 1 ms') })] }),
    plan({ steps: [step('one', { found: 'unknown', target: null, error: error('after 2 ms') })] }),
    [],
  ],
  [
    'the commands, and the steps',
    plan({ steps: [step('one', absent, ['a']), step('two')] }),
    plan({ steps: [step('one', absent, ['b']), step('three')] }),
    [
      'step one: its commands were a, and are b',
      'step two: would not run',
      'step three: would run, and is not in the plan',
    ],
  ],
])('names %s', (_what, then, now, expected) => {
  expect(planDifferences(then, now, ALL)).toEqual(expected);
});

test('directory and user count only if commands depend on them, and the network namespace only on the machine itself', () => {
  const elsewhere = place({ folder: '/two', user: 1, networkNamespace: { inode: 3, name: null } });
  expect(planDifferences(plan({}), elsewhere, ALL)).toHaveLength(3);
  expect(planDifferences(plan({}), elsewhere, { network: false, folderAndUser: false })).toEqual([]);
});

test.each<[ObservedNow | null, string]>([
  [null, 'not observed'],
  [{ found: 'partial', target: 'network lab', error: null }, 'a part of network lab exists'],
  [{ found: 'ours', target: 'network lab', error: null }, 'network lab exists, made by a run with this id'],
  [{ found: 'unchanged', target: null, error: null }, 'as requested already'],
  [{ found: 'unknown', target: null, error: error('no answer') }, 'cannot tell: no answer'],
])('%j is described as %s', (observed, words) => {
  expect(observedWords(observed)).toBe(words);
});
