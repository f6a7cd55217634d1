import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import { type RunChanges, runChanges } from '../../review/run-changes.ts';
import { type ComparedRun, compareRuns } from '../../review/run-comparison.ts';
import { readRunMaterial } from '../../review/run-material.ts';
import { runRecord } from '../../review/run-record.ts';
import { runStatus } from '../../review/run-status.ts';
import { runChangesLines } from '../../review/text/run-changes-text.ts';
import { runComparisonLines } from '../../review/text/run-comparison-text.ts';
import { timelineOf } from '../../review/timeline.ts';
import { defineCommand } from '../define-command.ts';
import { type FoundRun, findRun } from '../find-run.ts';
import { type Terminal, writeJson, writeLines } from '../terminal.ts';
import type { Wire } from '../wire-types.ts';

const options = z.object({ json: z.boolean().default(false), run: z.string(), other: z.string().optional() });

/** `wf diff RUN [OTHER]`: what a run changed on the host; or how it and another run of its workflow differ. */
export const diff = defineCommand(options, async ({ json, run: reference, other }, wire, terminal) => {
  const history = await wire.historyForReading();
  const found = findRun(history, reference, wire.places.database);
  if (other === undefined) tellChanges(found, json, wire, terminal);
  else await tellComparison(found, findRun(history, other), json, wire, terminal);
  return 0;
});

function tellChanges({ history, run }: FoundRun, json: boolean, wire: Wire, { out }: Terminal): void {
  const material = readRunMaterial(history, run);
  const status = runStatus(run, wire.isAlive);
  const told: RunChanges = runChanges(material, status, history);
  if (json) {
    writeJson(out, told);
    return;
  }
  const { offsetAt } = timelineOf(material.journal, status, wire.clock.now());
  writeLines(
    out,
    runChangesLines(told, material, (moment) => offsetAt(Date.parse(moment)), out.style),
  );
}

async function tellComparison(
  first: FoundRun,
  second: FoundRun,
  json: boolean,
  wire: Wire,
  { out }: Terminal,
): Promise<void> {
  requireComparable(first, second);
  const [one, other] = [comparedRun(first, wire), comparedRun(second, wire)];
  const comparison = compareRuns(one, other, await definitionsDiffer(first, second), wire.isAlive);
  if (json) writeJson(out, comparison);
  else writeLines(out, runComparisonLines(comparison, out.style));
}

function comparedRun({ history, run }: FoundRun, wire: Wire): ComparedRun {
  const material = readRunMaterial(history, run);
  return { material, record: runRecord(material, wire.isAlive) };
}

async function definitionsDiffer(first: FoundRun, second: FoundRun): Promise<readonly string[]> {
  const [one, other] = [first, second].map(({ history, run }) => history.definition(run.definitionHash));
  if (one === undefined || other === undefined) return [];
  const { definitionDifferences } = await import('../../definition/compare.ts');
  return definitionDifferences(one, other);
}

function requireComparable({ run: first }: FoundRun, { run: second }: FoundRun): void {
  if (first.id === second.id) {
    throw new WfError('E_USAGE', `run ${first.id} is to be compared with itself`, {
      hint: `\`wf diff ${first.id}\` tells what it changed on the host; \`wf runs --workflow ${first.workflow}\` lists others.`,
    });
  }
  if (first.workflow === second.workflow) return;
  throw new WfError(
    'E_USAGE',
    `run ${first.id} is one of ${first.workflow}, run ${second.id} one of ${second.workflow}: they cannot be compared`,
    { hint: `\`wf runs --workflow ${first.workflow}\` lists the runs of one workflow.` },
  );
}
