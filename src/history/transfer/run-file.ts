import type * as z from 'zod/mini';
import { sha256 } from '../../engine/model/digest.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../../engine/model/journal-event.ts';
import { canonicalJson, escapeTerminalControls, isJsonObject, type Json, parseJson } from '../../engine/model/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import type { StoredEvidence } from '../../engine/ports/history.ts';

import { FORMAT, type RunFileSchemas, runFileSchemas, VERSION } from './run-file-schema.ts';

/** A run with its definitions, journal, evidence and fingerprints, as `wf export` writes it. */
export interface RunFile {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** Name of the machine on which the run took place. */
  readonly machine: string;
  readonly run: RunHeader;
  /** The current definition of the run, then its earlier ones. */
  readonly definitions: readonly { readonly hash: string; readonly definition: Json }[];
  readonly journal: readonly JournalEntry[];
  readonly evidence: readonly StoredEvidence[];
  /** The fingerprints that the journal refers to, in its order. */
  readonly fingerprints: readonly { readonly hash: string; readonly fingerprint: Fingerprint }[];
}

/** Content of a run file without its format. */
export type RunFileContent = Omit<RunFile, 'format' | 'version'>;

/** Greatest size of a run file in bytes: 128 steps with as much evidence as is stored of one. */
export const RUN_FILE_LIMIT = 128 * 1024 * 1024;

/** Greatest nesting of JSON, deeper than any state machine: more could exhaust the stack. */
const DEEPEST = 250;

/** Returns the text of a run file: equal runs give equal text. */
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
  return `${escapeTerminalControls(JSON.stringify(file))}\n`;
}

/**
 * Parses a run file. The file is not trusted: it is parsed strictly, and its hashes and the order of its journal are checked. Whether the
 * journal is consistent is checked by its projection.
 * @throws WfError E_RUN_FILE_INVALID
 */
export function parseRunFile(text: string): RunFileContent {
  const value = jsonOf(text);
  if (isJsonObject(value) && value['format'] === FORMAT && Number(value['version']) > VERSION) {
    throw invalid(
      `it was written by a newer wf (format version ${Number(value['version'])}, this wf supports ${VERSION})`,
    );
  }
  const { file, members } = runFileSchemas();
  const parsed = file.safeParse(value);
  if (!parsed.success) throw invalid(firstIssue(parsed.error));
  const { journal, run, definitions, fingerprints } = parsed.data;
  journal.forEach(({ seq, event }, index) => {
    if (seq !== index + 1) throw invalid(`entry ${index + 1} of its journal has the number ${seq}`);
    checkEvent(event, seq, members);
  });
  for (const each of definitions) checkHash('definition', each.hash, each.definition);
  for (const each of fingerprints) checkHash('fingerprint', each.hash, each.fingerprint);
  if (!definitions.some((each) => each.hash === run.definitionHash))
    throw invalid('the definition of its run is missing');
  return parsed.data;
}

/** Returns the error for a file that wf could not have written. */
export function invalid(why: string, cause?: unknown): WfError {
  return new WfError('E_RUN_FILE_INVALID', `the run file cannot be imported: ${why}`, {
    hint: 'Nothing was stored. Export the run again with `wf export RUN -o FILE`, with a wf no newer than this one.',
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

/** Goes level by level: recursion could exhaust the stack. */
function isDeeperThan(value: Json, deepest: number): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** Checks names and moments of an event, which the schema of the journal does not restrict. */
function checkEvent(event: JournalEvent, seq: number, members: RunFileSchemas['members']): void {
  const effects = event.type === 'decided' || event.type === 'retried' ? event.effects : [];
  const parts: readonly object[] = [event, ...effects, ...(event.type === 'change.intended' ? [event.change] : [])];
  for (const [key, value] of parts.flatMap((part): [string, unknown][] => Object.entries(part))) {
    const schema = members[key];
    if (schema !== undefined && !schema.safeParse(value).success)
      throw invalid(`entry ${seq} of its journal: ${key} is invalid`);
  }
}

function checkHash(kind: string, claimed: string, content: Json): void {
  const found = sha256(canonicalJson(content));
  if (found !== claimed) throw invalid(`its ${kind} ${claimed.slice(0, 12)} does not match its hash`);
}

function firstIssue(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'it has another form' : `${issue.path.join('.') || 'the whole'}: ${issue.message}`;
}
