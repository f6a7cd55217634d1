import { z } from 'zod';
import { commandLine } from '../../engine/model/evidence.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { isRunActive } from '../../host/locks/claims.ts';
import { oneLine } from '../../review/text/format/plain-text.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import { findMarked } from '../../sweep/find-marked.ts';
import { knownRuns } from '../../sweep/known-runs.ts';
import type { MarkedObject } from '../../sweep/marked-object.ts';
import { removeMarked } from '../../sweep/remove-marked.ts';
import { unaccounted } from '../../sweep/unaccounted.ts';
import { defineCommand } from '../define-command.ts';
import { reportError } from '../output/report-error.ts';
import { type Terminal, writeJson, writeLines } from '../output/terminal.ts';

const options = z.object({ json: z.boolean().default(false), yes: z.boolean().default(false) });

/** `found`: not removed, as it was not asked for; `in-use`: its run is under way, with another database. */
type SweepStatus = 'found' | 'removed' | 'in-use' | 'stuck';

interface Swept {
  readonly object: MarkedObject;
  readonly status: SweepStatus;
  readonly reason: string | null;
}

/**
 * `wf sweep`: what carries wf's mark on this host and no run of this database accounts for; with `--yes` it is removed. What
 * is not marked, and what a living run of another database has made, is never touched. Refused elsewhere than in the network namespace
 * of the Docker engine. Where the Docker engine does not answer,
 * all else is swept, and the exit code tells of it.
 */
export const sweep = defineCommand(options, async ({ json, yes }, wire, terminal) => {
  const history = await wire.historyForReading();
  const host = await wire.hostPorts();
  const marked = await findMarked(host);
  const objects = unaccounted(marked.objects, knownRuns(history, marked.objects));
  const swept: Swept[] = [];
  for (const object of objects) {
    const user = await userOf(object, objects);
    if (user !== null) swept.push({ object, status: 'in-use', reason: `run ${user} is under way` });
    else if (!yes) swept.push({ object, status: 'found', reason: null });
    else swept.push({ object, reason: null, ...(await removeMarked(object, host, () => {})) });
  }
  if (json) writeJson(terminal.out, swept.map(asRecord));
  else tell(swept, terminal);
  const unreadCode = marked.unread === null ? 0 : reportError(marked.unread, terminal, false);
  return swept.some(({ status }) => status === 'stuck') ? 5 : unreadCode;
});

/** The run under way that has made it. Where its mark does not tell the run, it may be any that is under way. */
async function userOf({ run }: MarkedObject, objects: readonly MarkedObject[]): Promise<RunId | null> {
  const candidates = run === null ? objects.map((object) => object.run) : [run];
  for (const candidate of new Set(candidates)) {
    if (candidate !== null && (await isRunActive(candidate))) return candidate;
  }
  return null;
}

function asRecord({ object, status, reason }: Swept) {
  const { kind, name, id, run, recognisedBy, undo } = object;
  return { kind, name, id, run, recognisedBy, status, reason, undo: [commandLine(undo)] };
}

function tell(swept: readonly Swept[], { out, err }: Terminal): void {
  if (swept.length === 0) {
    writeLines(err, ['Nothing on this host carries a mark of wf that this database does not account for.']);
    return;
  }
  writeLines(
    out,
    swept.flatMap((one) => sweptLines(one, out.style)),
  );
  if (swept.some(({ status }) => status === 'found'))
    writeLines(err, ['Nothing was removed. Add --yes to remove what was found.']);
}

function sweptLines({ object, status, reason }: Swept, style: TextStyle): readonly string[] {
  const { kind, name, run, recognisedBy, undo } = object;
  const whose = run === null ? 'of a run that cannot be told' : `of run ${run}`;
  const words = reason === null ? '' : `: ${oneLine(reason)}`;
  const line = `${kind} ${oneLine(name)} ${style.colors.dim(whose)} (${paint(status, style)(status)}${words})`;
  const mark = style.colors.dim(`  recognised by ${oneLine(recognisedBy)}`);
  return status === 'removed' ? [line, mark] : [line, mark, `  ${oneLine(commandLine(undo))}`];
}

function paint(status: SweepStatus, { colors }: TextStyle): (text: string) => string {
  switch (status) {
    case 'removed':
      return colors.green;
    case 'stuck':
      return colors.red;
    case 'found':
      return colors.yellow;
    case 'in-use':
      return colors.cyan;
  }
}
