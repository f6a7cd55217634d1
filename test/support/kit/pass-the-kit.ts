import { test } from 'vitest';
import {
  afterReboot,
  failEachStep,
  failEachTouch,
  foreignInTheWay,
  killEverywhere,
  runTwiceSideBySide,
  undoTwice,
} from '../../../src/testing/index.ts';
import { dealt, EVERY_CASE, inTurn, SEED } from '../rotation.ts';
import type { OpenCase } from './open-case.ts';

/** The functions of the kit. */
const CHECKS: Readonly<Record<string, (one: OpenCase) => Promise<unknown>>> = {
  killEverywhere: ({ tested }) => killEverywhere(tested),
  failEachStep: ({ tested }) => failEachStep(tested),
  failEachTouch: ({ tested }) => failEachTouch(tested),
  undoTwice: ({ tested, pauseAfter }) => undoTwice(tested, pauseAfter),
  foreignInTheWay: ({ tested, foreign }) => foreignInTheWay(tested, foreign),
  runTwiceSideBySide: ({ tested }) => runTwiceSideBySide(tested),
  afterReboot: ({ tested, reboot }) => afterReboot(tested, reboot),
};

interface Cases {
  readonly [name: string]: () => Promise<OpenCase>;
}

interface HowToPass {
  /** Whether cases have hosts of their own, so that they can run side by side. */
  readonly sideBySide: boolean;
  /** One in this many pairs of a case and a function is tried by default. */
  readonly share: number;
}

/**
 * Tests that each case passes each function of the kit. By default the seed chooses a few pairs of a case and a function, and one point
 * of each; `npm run crash-matrix` tries all.
 */
export function testCases(cases: Cases, { sideBySide, share }: HowToPass): void {
  const names = Object.keys(cases).flatMap((name) => Object.keys(CHECKS).map((check) => `${name}: ${check}`));
  const run = sideBySide ? test.concurrent : test;
  run.for(inTurn(names, share))('%s', async (title) => {
    const [name = '', check = ''] = title.split(': ');
    const one = await cases[name]?.();
    if (one === undefined) throw new Error(`there is no case ${name}`);
    const startedAt = performance.now();
    const points: Points = { all: new Set(), chosen: new Set() };
    let reached: unknown;
    try {
      reached = await within(one.scratch, () => CHECKS[check]?.(choosing(one, points)));
    } finally {
      await one.close();
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    const figures = Array.isArray(reached) ? figuresOf(points, reached) : '';
    process.stdout.write(`kit: ${title}, WF_TEST_SEED=${SEED}${figures}, ${seconds} s\n`);
  });
}

/** Points, and ids of steps. */
interface Points {
  readonly all: Set<string>;
  readonly chosen: Set<string>;
}

/** Returns the case with one point, or one in `sparse`, which the seed chooses. Collects the points. */
function choosing(one: OpenCase, points: Points): OpenCase {
  const share = (all: readonly string[]) => {
    if (!EVERY_CASE) return all.slice(SEED % all.length).slice(0, 1);
    return one.sparse === undefined ? all : dealt(all, Math.min(one.sparse, all.length));
  };
  const choose = (all: readonly string[]) => {
    const chosen = share(all);
    for (const point of all) points.all.add(point);
    for (const point of chosen) points.chosen.add(point);
    return chosen;
  };
  return { ...one, tested: { ...one.tested, choose } };
}

/** Returns how many of the points were reached: other processes, and other random numbers, may take another way. */
function figuresOf({ all, chosen }: Points, reached: readonly unknown[]): string {
  // Points are several words, and ids of steps are one.
  const isPoint = reached.some((name) => String(name).includes(' '));
  const counted = (names: ReadonlySet<string>) => [...names].filter((name) => name.includes(' ') === isPoint);
  const missed = counted(chosen).filter((name) => !reached.includes(name));
  const list = missed.length === 0 ? '' : `, not reached: ${missed.join('; ')}`;
  return `, ${reached.length} of ${counted(chosen).length} points (${counted(all).length} in all)${list}`;
}

/** Calls a function, which makes its temporary folder at once, in this folder. */
function within<Value>(folder: string | undefined, call: () => Value): Value {
  const usual = process.env['TMPDIR'];
  if (folder === undefined) return call();
  process.env['TMPDIR'] = folder;
  try {
    return call();
  } finally {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
  }
}
