import type { z } from 'zod';
import { asWfError, WfError } from '../../engine/errors.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../../engine/journal-event.ts';
import { canonicalJson, escapeSteering, isJsonObject, type Json, parseJson } from '../../engine/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import type { StoredEvidence } from '../../engine/ports/history.ts';
import { sha256 } from '../rows/compression.ts';
import { FORMAT, type RunFileSchemas, runFileSchemas, VERSION } from './run-file-schema.ts';

/** A run with all that tells of it, as `wf export` writes it to a file. */
export interface RunFile {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The machine on which the run took place. */
  readonly machine: string;
  readonly run: RunHeader;
  /** The definition that the run goes by, then those that it went by before, as far as they are known. */
  readonly definitions: readonly { readonly hash: string; readonly definition: Json }[];
  /** All that else is known of the run is derived from it. */
  readonly journal: readonly JournalEntry[];
  readonly evidence: readonly StoredEvidence[];
  /** Those that the journal refers to, in its order. */
  readonly fingerprints: readonly { readonly hash: string; readonly fingerprint: Fingerprint }[];
}

/** A run file's content beside its format. */
export type RunFileContent = Omit<RunFile, 'format' | 'version'>;

/** Larger files are refused: 128 steps with as much evidence as is kept of one. */
export const RUN_FILE_LIMIT = 128 * 1024 * 1024;

/** Deeper than any state machine; what is nested without end must not exhaust the stack. */
const DEEPEST = 250;

/** The text of a run file: equal runs give equal text. */
export function runFileText(content: RunFileContent): string {
  const { machine, run, definitions, journal, evidence, fingerprints } = content;
  const file: RunFile = {
    format: FORMAT,
    version: VERSION,
    machine,
    run,
    definitions,
    journal,
    evidence,
    fingerprints,
  };
  return `${escapeSteering(JSON.stringify(file))}\n`;
}

/**
 * What a run file holds. It is not trusted: it is parsed strictly, and what it says of itself (hashes, the order of the
 * journal) is checked. Whether its journal makes sense only its replay tells.
 * @throws WfError E_RUN_FILE_INVALID
 */
export function parseRunFile(text: string): RunFileContent {
  const value = jsonOf(text);
  if (isJsonObject(value) && value['format'] === FORMAT && Number(value['version']) > VERSION) {
    throw invalid(
      `it was written by a newer wf (its version is ${Number(value['version'])}, this wf knows ${VERSION})`,
    );
  }
  const { file, members } = runFileSchemas();
  const parsed = file.safeParse(value);
  if (!parsed.success) throw invalid(firstIssue(parsed.error));
  const { journal, run, definitions, fingerprints } = parsed.data;
  journal.forEach(({ seq, event }, index) => {
    if (seq !== index + 1) throw invalid(`entry ${index + 1} of its journal says that it is the entry ${seq}`);
    checkEvent(event, seq, members);
  });
  for (const each of definitions) checkHash('definition', each.hash, each.definition);
  for (const each of fingerprints) checkHash('fingerprint', each.hash, each.fingerprint);
  if (!definitions.some((each) => each.hash === run.definitionHash))
    throw invalid('the definition of its run is missing');
  return parsed.data;
}

/** Not a run that wf could have written. */
export function invalid(why: string, cause?: unknown): WfError {
  return new WfError('E_RUN_FILE_INVALID', `the file holds no run that can be imported: ${why}`, {
    hint: 'Nothing was stored. Have the run exported anew, with `wf export RUN -o FILE`, by a wf no newer than this one.',
    cause,
  });
}

function jsonOf(text: string): Json {
  let value: Json;
  try {
    value = parseJson(text);
  } catch (thrown) {
    throw invalid(`it is not JSON: ${asWfError(thrown).message}`, thrown);
  }
  if (isDeeperThan(value, DEEPEST)) throw invalid(`it is nested more than ${DEEPEST} levels deep`);
  return value;
}

/** Level by level rather than by recursion. */
function isDeeperThan(value: Json, deepest: number): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** Names and moments of an event: what the schema of the journal leaves open, as wf itself writes nothing else. */
function checkEvent(event: JournalEvent, seq: number, members: RunFileSchemas['members']): void {
  const effects = event.type === 'decided' ? event.effects : [];
  const parts: readonly object[] = [event, ...effects, ...(event.type === 'change.intended' ? [event.change] : [])];
  for (const [key, value] of parts.flatMap((part): [string, unknown][] => Object.entries(part))) {
    const schema = members[key];
    if (schema !== undefined && !schema.safeParse(value).success)
      throw invalid(`entry ${seq} of its journal: ${key} is not right`);
  }
}

function checkHash(what: string, claimed: string, content: Json): void {
  const found = sha256(canonicalJson(content));
  if (found !== claimed) throw invalid(`its ${what} ${claimed.slice(0, 12)} is not what the hash was taken of`);
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'it has another form' : `${issue.path.join('.') || 'the whole'}: ${issue.message}`;
}
