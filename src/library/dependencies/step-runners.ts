import { runnerOf } from '../../engine/workflow/define-step.ts';
import type { StepRunner } from '../../engine/workflow/step.ts';
import { guardUnit } from '../../steps/systemd/guard-unit.ts';

/** Returns the step runners that come with wf by kind, in the order of their kinds. */
export async function ownStepRunners(): Promise<ReadonlyMap<string, StepRunner>> {
  const exported: readonly unknown[] = Object.values(await import('../../steps/index.ts'));
  const runners = [...exported, guardUnit].flatMap((value) => runnerOf(value) ?? []);
  return new Map(runners.sort((a, b) => (a.kind < b.kind ? -1 : 1)).map((runner) => [runner.kind, runner]));
}
