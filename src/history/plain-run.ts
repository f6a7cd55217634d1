import { asDefinitionHash, parseRunId } from '../engine/ids.ts';
import type { RunOptions } from '../engine/journal-event.ts';
import { isJsonObject, type Json } from '../engine/json.ts';
import { isNumber, isNumberOrNull, isText, isTextOrNull, jsonOf } from '../engine/plain-values.ts';
import { STORED_RUN_STATUSES, type StoredRun } from '../engine/ports/history.ts';
import type { RunPlace } from '../engine/ports/place.ts';
import { ownerOf } from './rows/run-row.ts';

/**
 * The run of a row where all that `runRow` asks of it is plain to see; equal to what that would make of it. Undefined where that is
 * for `runRow` to say: nothing is refused here. A list of runs is spared three quarters of its time.
 * @param row in the order of `RUN_COLUMNS`
 */
export function plainRun(row: readonly unknown[]): StoredRun | undefined {
  const [given, workflow, definitionHash, runtime, inputText, optionsText, givenStatus, createdAt, startedAt] = row;
  const [finishedAt, outputText, error, fence, pid, startTime, bootId, pidNamespace, placeText, ...rest] = row.slice(9);
  const [importedFrom, changesInPlace] = rest;
  const id = isText(given) ? parseRunId(given) : undefined;
  const status = STORED_RUN_STATUSES.find((known) => known === givenStatus);
  if (id === undefined || status === undefined || !isText(workflow) || !isText(definitionHash)) return undefined;
  if (runtime !== 'docker' && runtime !== 'embedded') return undefined;
  if (!isNumber(createdAt) || !isNumberOrNull(startedAt) || !isNumberOrNull(finishedAt)) return undefined;
  if (!isNumber(fence) || !isNumber(changesInPlace) || !isTextOrNull(importedFrom)) return undefined;
  if (!isNumberOrNull(pid) || !isTextOrNull(startTime) || !isTextOrNull(bootId)) return undefined;
  if (!isTextOrNull(pidNamespace)) return undefined;
  const place = placeText === null ? undefined : plainPlace(jsonOf(placeText));
  if (placeText !== null && place === undefined) return undefined;
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
    ...(place === undefined ? {} : { place }),
    status,
    owner: ownerOf({
      owner_pid: pid,
      owner_start_time: startTime,
      owner_boot_id: bootId,
      owner_pid_namespace: pidNamespace,
    }),
    fence,
    startedAt,
    finishedAt,
    output,
    error,
    changesInPlace,
    importedFrom,
  };
}

function plainPlace(place: Json | undefined): RunPlace | undefined {
  if (!isJsonObject(place)) return undefined;
  const { bootId, networkNamespace, pidNamespace, folder, user } = place;
  if (!isText(bootId) || !isJsonObject(networkNamespace) || !isText(pidNamespace)) return undefined;
  const { inode, name } = networkNamespace;
  if (!isNumber(inode) || !isTextOrNull(name) || !isText(folder) || !isNumber(user)) return undefined;
  return { bootId, networkNamespace: { inode, name }, pidNamespace, folder, user };
}

/** Those of a run without secrets. */
function plainOptions(options: Json | undefined): RunOptions | undefined {
  if (!isJsonObject(options)) return undefined;
  const { onFailure, pauseAfter } = options;
  if ((onFailure !== 'rollback' && onFailure !== 'keep') || !isTextOrNull(pauseAfter)) return undefined;
  return 'secrets' in options ? undefined : { onFailure, pauseAfter };
}
