import { z } from 'zod';
import { commandLine } from '../../../engine/model/evidence.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { isRunActive } from '../../../host/locks/claims.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { findMarked } from '../../../sweep/find-marked.ts';
import { knownRuns } from '../../../sweep/known-runs.ts';
import type { MarkedObject } from '../../../sweep/marked-object.ts';
import { removeMarked } from '../../../sweep/remove-marked.ts';
import { unaccounted } from '../../../sweep/unaccounted.ts';
import { defineCommand } from '../../define-command.ts';
import { reportError } from '../../output/report-error.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({ json: z.boolean().default(false), yes: z.boolean().default(false) });

/** `found`: not removed without --yes; `in-use`: its run is active with another database. */
type SweepStatus = 'found' | 'removed' | 'in-use' | 'stuck';

interface Swept {
  readonly object: MarkedObject;
  readonly status: SweepStatus;
  readonly reason: string | null;
}

/**
 * `wf sweep`: lists marked objects of this host that no run of this database accounts for; removes them with `--yes`. Never
 * touches unmarked objects, or those of an active run of another database. Refused outside the network namespace of the Docker
 * engine. If the engine does not answer, everything else is swept, and the exit code reports it.
 */
export const sweep = defineCommand(options, async ({ json, yes }, services, terminal) => {
  const history = await services.historyForReading();
  const host = await services.hostPorts();
  const marked = await findMarked(host);
  const objects = unaccounted(marked.objects, knownRuns(history, marked.objects));
  const swept: Swept[] = [];
  for (const object of objects) {
    const user = await userOf(object, objects);
    if (user !== null) swept.push({ object, status: 'in-use', reason: `run ${user} is active` });
    else if (!yes) swept.push({ object, status: 'found', reason: null });
    else swept.push({ object, reason: null, ...(await removeMarked(object, host, () => {})) });
  }
  if (json) writeJson(terminal.out, swept.map(asRecord));
  else print(swept, terminal);
  const unreadCode = marked.unread === null ? 0 : reportError(marked.unread, terminal, false);
  return swept.some(({ status }) => status === 'stuck') ? 5 : unreadCode;
});

/** Returns the active run that made the object; any active run if its mark does not identify one. */
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

function print(swept: readonly Swept[], { out, err }: Terminal): void {
  if (swept.length === 0) {
    writeLines(err, ['No marked objects on this host without a record in this database.']);
    return;
  }
  writeLines(
    out,
    swept.flatMap((one) => sweptLines(one, out.style)),
  );
  if (swept.some(({ status }) => status === 'found')) writeLines(err, ['Nothing removed. Add --yes to remove them.']);
}

function sweptLines({ object, status, reason }: Swept, style: TextStyle): readonly string[] {
  const { kind, name, run, recognisedBy, undo } = object;
  const whose = run === null ? 'of an unknown run' : `of run ${run}`;
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
