import type { ExitCode } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { pause } from '../../../engine/ports/clock.ts';
import { type DetachedEnd, startDetached as startProcess } from '../../../host/processes/detached-process.ts';
import { newRunId } from '../../../library/new-run-id.ts';
import { wfProgram } from '../../../library/program-files.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { fileText, isStandardInput } from '../../arguments/file-text.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import type { StartOptions } from './start.ts';

const READ_MS = 50;

/**
 * `wf start --detach`: starts another wf in its own session, and returns once the run is in the history. If the other wf ends before that,
 * prints its output and returns its exit code.
 */
export async function startDetached(
  given: StartOptions,
  id: RunId = newRunId(),
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  // The other wf has a different standard input.
  const { inputFile } = given;
  const input = inputFile !== undefined && isStandardInput(inputFile) ? fileText(inputFile) : '';
  return detach(argumentsOf(given, id, services.places.database), id, given.json, services, terminal, input);
}

/** Starts another wf with these arguments, which start the run with this id. @param input its standard input */
export async function detach(
  argv: readonly string[],
  id: RunId,
  json: boolean,
  services: Services,
  terminal: Terminal,
  input = '',
): Promise<ExitCode> {
  let history = await services.historyForReading();
  // If the id is taken, the other wf reports it.
  const isTaken = history?.run(id) !== undefined;
  const started = startProcess(wfProgram(), argv, process.env, input);
  let ended: DetachedEnd | undefined;
  const end = started.end.then((result) => {
    ended = result;
  });
  for (;;) {
    const isOver = ended;
    history ??= await services.historyForReading();
    const run = isTaken ? undefined : history?.run(id);
    if (history !== undefined && run !== undefined) {
      started.release();
      if (json) writeJson(terminal.out, runRecord(readRunMaterial(history, run), services.isAlive));
      else writeLines(terminal.out, [id]);
      return 0;
    }
    if (isOver !== undefined) {
      terminal.err.write(isOver.stderr);
      terminal.out.write(isOver.stdout);
      return EXIT_CODES.find((code) => code === isOver.exitCode) ?? 1;
    }
    await Promise.race([end, pause(services.clock, READ_MS)]);
  }
}

const EXIT_CODES: readonly ExitCode[] = [0, 1, 2, 3, 4, 5, 130, 143];

function argumentsOf(given: StartOptions, id: RunId, database: string): readonly string[] {
  const { workflow, input, inputFile, runtime, pauseAfter, onFailure, onHangup, resume, ifRunning, json } = given;
  const { definition, confirmWithin, applyWithin, confirmBy, confirmIf, guard, notify } = given;
  const options: readonly (readonly [name: string, value: string | undefined])[] = [
    ['--id', id],
    ['--db', database],
    ...input.map((each) => ['--input', each] as const),
    ['--input-file', inputFile],
    ['--runtime', runtime],
    ['--pause-after', pauseAfter],
    ['--on-failure', onFailure],
    ['--on-hangup', onHangup],
    ['--confirm-within', confirmWithin],
    ['--apply-within', applyWithin],
    ['--confirm-by', confirmBy],
    ['--confirm-if', confirmIf],
    ['--definition', definition],
    ['--resume', resume],
    ['--if-running', ifRunning],
    ['--notify', notify === false ? undefined : notify],
  ];
  const typed = options.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const switches = [
    ...(guard ? [] : ['--no-guard']),
    ...(notify === false ? ['--no-notify'] : []),
    ...(json ? ['--json'] : []),
  ];
  return ['start', ...typed, ...switches, '--', workflow];
}
