import { asWfError, type ExitCode, type WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import { reportError } from './report-error.ts';
import { type Terminal, writeLines } from './terminal.ts';
import type { Wire } from './wire-types.ts';

/**
 * Reports a run whose journal could not be written any more, and answers the exit code. The error's own code may say
 * "nothing was touched", which is a lie where changes stand, or where that cannot be read.
 */
export async function reportLostRun(
  id: RunId,
  thrown: unknown,
  json: boolean,
  wire: Wire,
  terminal: Terminal,
): Promise<ExitCode> {
  const error = asWfError(thrown);
  reportError(error, terminal, json);
  writeLines(terminal.err, [
    `run ${id} stopped there; \`wf changes ${id}\` lists what stands, \`wf rollback ${id}\` undoes it`,
  ]);
  // Another process has taken the run over, and sees to its changes.
  if (error.code === 'E_LEASE_LOST') return error.exitCode;
  const standing = await standingChanges(id, wire);
  return standing === 0 ? untouchedOrFailed(error) : 5;
}

async function standingChanges(id: RunId, wire: Wire): Promise<number | undefined> {
  try {
    return (await wire.history()).run(id)?.standingChanges;
  } catch {
    return undefined; // the same trouble as before, which is reported already
  }
}

/** An error that ended a run which had begun is a failed run, unless it is of the kinds that say why nothing could be. */
function untouchedOrFailed(error: WfError): ExitCode {
  return error.exitCode === 3 || error.exitCode === 4 ? error.exitCode : 1;
}
