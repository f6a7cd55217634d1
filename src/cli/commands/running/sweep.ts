import { z } from 'zod';
import { asWfError, type WfError } from '../../../engine/model/errors.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { onHostName } from '../../../engine/model/on-host-name.ts';
import { isRunActive } from '../../../host/locks/claims.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { findMarked, type Marked } from '../../../sweep/find-marked.ts';
import { knownRuns } from '../../../sweep/known-runs.ts';
import type { MarkedObject } from '../../../sweep/marked-object.ts';
import { removeMarked } from '../../../sweep/remove-marked.ts';
import { type SweptHost, sweptHosts } from '../../../sweep/swept-hosts.ts';
import { unaccounted } from '../../../sweep/unaccounted.ts';
import { defineCommand } from '../../define-command.ts';
import { reportError } from '../../output/errors/report-error.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({ json: z.boolean().default(false), yes: z.boolean().default(false) });

/** `found`: not removed without --yes; `in-use`: its run is active with another database. */
type SweepStatus = 'found' | 'removed' | 'in-use' | 'stuck';

interface Swept {
  readonly host: SweptHost;
  readonly object: MarkedObject;
  readonly status: SweepStatus;
  readonly reason: string | null;
}

/**
 * `wf sweep`: lists marked objects of this host that no run of this database accounts for; removes them with `--yes`. Never
 * touches unmarked objects, or those of an active run of another database. Refuses to run outside the network namespace of the Docker
 * engine. Also sweeps the engines that runs of this database have named. If an engine does not answer, sweeps everything else, and
 * reports that engine in the exit code.
 */
export const sweep = defineCommand(options, async ({ json, yes }, services, terminal) => {
  const history = await services.historyForReading();
  const swept: Swept[] = [];
  const unread: WfError[] = [];
  for (const host of sweptHosts(history, await services.hostPorts())) {
    const marked = await markedOn(host);
    if (marked.unread !== null) unread.push(marked.unread);
    const objects = unaccounted(marked.objects, knownRuns(history, marked.objects));
    for (const object of objects) {
      const user = await userOf(object, objects);
      if (user !== null) swept.push({ host, object, status: 'in-use', reason: `run ${user} is active` });
      else if (!yes) swept.push({ host, object, status: 'found', reason: null });
      else swept.push({ host, object, reason: null, ...(await removeMarked(object, host.ports, () => {})) });
    }
  }
  // An overlay network stays in use until the other hosts are swept.
  for (const [index, { host, object, status }] of swept.entries())
    if (status === 'stuck')
      swept[index] = { host, object, reason: null, ...(await removeMarked(object, host.ports, () => {})) };
  if (json) writeJson(terminal.out, swept.map(asRecord));
  else print(swept, terminal);
  const unreadCodes = unread.map((error) => reportError(error, terminal, false));
  return swept.some(({ status }) => status === 'stuck') ? 5 : (unreadCodes[0] ?? 0);
});

/** Returns the marked objects of a host. For a host that no run uses any more, read errors are ignored. */
async function markedOn(host: SweptHost): Promise<Marked> {
  if (host.name === null) return findMarked(host);
  const problem = (error: WfError): Marked => ({ objects: [], unread: host.isInUse ? error : null });
  try {
    const { objects, unread } = await findMarked(host);
    return unread === null ? { objects, unread } : { ...problem(unread), objects };
  } catch (thrown) {
    return problem(asWfError(thrown));
  }
}

/** Returns the active run that created the object; any active run if the mark does not identify one. */
async function userOf({ run }: MarkedObject, objects: readonly MarkedObject[]): Promise<RunId | null> {
  const candidates = run === null ? objects.map((object) => object.run) : [run];
  for (const candidate of new Set(candidates)) {
    if (candidate !== null && (await isRunActive(candidate))) return candidate;
  }
  return null;
}

function asRecord(one: Swept) {
  const { host, object, status, reason } = one;
  const { kind, name, id, run, recognisedBy } = object;
  const on = host.name === null ? {} : { host: host.name };
  return { ...on, kind, name, id, run, recognisedBy, status, reason, undo: undoOf(one) };
}

/** Returns the commands that remove the object from a shell of the machine. */
function undoOf({ host, object }: Swept): readonly string[] {
  return host.ports.namespace.byHand([object.undo]).map(commandLine);
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

function sweptLines(one: Swept, style: TextStyle): readonly string[] {
  const { host, object, status, reason } = one;
  const { kind, name, run, recognisedBy } = object;
  const what = onHostName(host.name ?? undefined, `${kind} ${oneLine(name)}`);
  const whose = run === null ? 'of an unknown run' : `of run ${run}`;
  const words = reason === null ? '' : `: ${oneLine(reason)}`;
  const line = `${what} ${style.colors.dim(whose)} (${paint(status, style)(status)}${words})`;
  const mark = style.colors.dim(`  recognised by ${oneLine(recognisedBy)}`);
  return status === 'removed' ? [line, mark] : [line, mark, ...undoOf(one).map((undo) => `  ${oneLine(undo)}`)];
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
