import { asDefinitionHash, parseRunId } from '../engine/ids.ts';
import type { RunOptions } from '../engine/journal-event.ts';
import { isJsonObject, type Json } from '../engine/json.ts';
import { isNumber, isNumberOrNull, isText, isTextOrNull, jsonOf } from '../engine/plain-values.ts';
import { STORED_RUN_STATUSES, type StoredRun } from '../engine/ports/history.ts';
import { ownerOf } from './rows.ts';

/**
 * The run of a row where all that `runRow` asks of it is plain to see; equal to what that would make of it. Undefined where that is
 * for `runRow` to say: nothing is refused here. A list of runs is spared three quarters of its time.
 * @param row in the order of `RUN_COLUMNS`
 */
export function plainRun(row: readonly unknown[]): StoredRun | undefined {
  const [given, workflow, definitionHash, runtime, inputText, optionsText, givenStatus, createdAt, startedAt] = row;
  const [finishedAt, outputText, error, fence, pid, startTime, bootId, importedFrom, standingChanges] = row.slice(9);
  const id = isText(given) ? parseRunId(given) : undefined;
  const status = STORED_RUN_STATUSES.find((known) => known === givenStatus);
  if (id === undefined || status === undefined || !isText(workflow) || !isText(definitionHash)) return undefined;
  if (runtime !== 'docker' && runtime !== 'embedded') return undefined;
  if (!isNumber(createdAt) || !isNumberOrNull(startedAt) || !isNumberOrNull(finishedAt)) return undefined;
  if (!isNumber(fence) || !isNumber(standingChanges) || !isTextOrNull(importedFrom)) return undefined;
  if (!isNumberOrNull(pid) || !isTextOrNull(startTime) || !isTextOrNull(bootId)) return undefined;
  const input = jsonOf(inputText);
  const options = plainOptions(jsonOf(optionsText));
  const output = outputText === null ? null : jsonOf(outputText);
  // What an error is, is for its schema to say.
  if (!isJsonObject(input) || options === undefined || output === undefined || error !== null) return undefined;
  return {
    id,
    workflow,
    definitionHash: asDefinitionHash(definitionHash),
    runtime,
    input,
    options,
    createdAt,
    status,
    owner: ownerOf({ owner_pid: pid, owner_start_time: startTime, owner_boot_id: bootId }),
    fence,
    startedAt,
    finishedAt,
    output,
    error,
    standingChanges,
    importedFrom,
  };
}

/** Those of a run without secrets. */
function plainOptions(options: Json | undefined): RunOptions | undefined {
  if (!isJsonObject(options)) return undefined;
  const { onFailure, pauseAfter } = options;
  if ((onFailure !== 'rollback' && onFailure !== 'keep') || !isTextOrNull(pauseAfter)) return undefined;
  return 'secrets' in options ? undefined : { onFailure, pauseAfter };
}
