import { z } from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import { isEnd, type StoredRun } from '../../../engine/ports/history.ts';
import type { LoadedWorkflow } from '../../../engine/workflow/workflow.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';
import { readInputFile } from '../workflow-input.ts';
import { givenSecret } from './secret-value.ts';

/** Options by which secret inputs are given again. */
export interface SecretOptions {
  /** As typed: `NAME=@env:VARIABLE`. */
  readonly input: readonly string[];
  /** Path of a JSON file with an object; `-` is standard input. */
  readonly inputFile?: string | undefined;
}

/** Returns all assignments as typed; the last one for a name counts. @throws WfError E_INPUT if the file has a value that is no string */
export function typedSecrets({ input, inputFile }: SecretOptions): readonly string[] {
  if (inputFile === undefined) return input;
  const inFile = Object.entries(readInputFile(inputFile)).map(([name, value]) => {
    if (typeof value === 'string') return `${name}=${value}`;
    throw new WfError('E_INPUT', `input file ${inputFile}: the secret input ${name} is not a string`, {
      hint: 'Give it as a string: { "password": "..." }.',
    });
  });
  return [...inFile, ...input];
}

/** Known values of a run's secret inputs, and the errors about the others. */
export interface KnownSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** The sources of these values, see RunOptions. */
  readonly sources: Readonly<Record<string, string | null>>;
  readonly unknown: readonly WfError[];
}

interface SecretRun extends Pick<StoredRun, 'options'> {
  readonly id: string;
  /** Absent for a plan. */
  readonly status?: StoredRun['status'];
  /** Wording of the errors about a missing secret; that of `wf resume` if absent. */
  readonly again?: SecretsAgain;
}

/** How the secrets of a run or a plan are given again. */
interface SecretsAgain {
  /** `run 7kq` or `plan 7kq`. */
  readonly owner: string;
  /** The command, such as `wf apply 7kq`. */
  readonly command: string;
  /** The action that needs them, such as `apply plan 7kq`. */
  readonly does: string;
  /** A command that needs no secrets; null if there is none. */
  readonly instead: string | null;
}

function againOf({ id, status = 'running', again }: SecretRun): SecretsAgain {
  if (again !== undefined) return again;
  const action = actionOn({ status });
  return {
    owner: `run ${id}`,
    command: `wf ${action} ${id}`,
    does: `${action} run ${id}`,
    instead: `wf rollback ${id}`,
  };
}

/**
 * Collects the secrets of a run, which wf never stores: from the typed values (`--input NAME=...`), otherwise from their sources at
 * the start. Ignores typed values of other inputs.
 */
export function knownSecrets(run: SecretRun, assignments: readonly string[]): KnownSecrets {
  const typed = new Map(assignments.map(split));
  const values: Record<string, string> = {};
  const sources: Record<string, string | null> = {};
  const unknown: WfError[] = [];
  for (const [name, source] of Object.entries(run.options.secrets ?? {})) {
    const given = typed.get(name) ?? (source === null ? undefined : `@${source}`);
    try {
      if (given === undefined) throw notGiven(run, name);
      const found = givenSecret(name, given);
      values[name] = found.value;
      sources[name] = found.source;
    } catch (thrown) {
      unknown.push(asWfError(thrown));
    }
  }
  return { values, sources, unknown };
}

/**
 * Collects the secrets of a run that is to be resumed or retried.
 * @throws WfError E_INPUT if one is missing or the schema refuses it.
 */
export function requiredSecrets(
  run: SecretRun,
  assignments: readonly string[],
  { input }: Pick<LoadedWorkflow, 'input'>,
): Omit<KnownSecrets, 'unknown'> {
  const { values, sources, unknown } = knownSecrets(run, assignments);
  const [first] = unknown;
  if (first !== undefined) {
    throw new WfError(first.code, `cannot ${againOf(run).does}: ${first.message}`, {
      hint: first.hint,
      cause: first,
    });
  }
  const accepted = Object.entries(values).map(([name, value]) => [name, checked(name, value, input)]);
  return { values: Object.fromEntries(accepted), sources };
}

/** Returns the command that continues a run: `retry` if it has ended. */
export function actionOn({ status }: Pick<StoredRun, 'status'>): 'resume' | 'retry' {
  return isEnd(status) ? 'retry' : 'resume';
}

/**
 * Refuses typed values of inputs that are not secrets of the run: these keep their values from the start.
 * @throws WfError E_INPUT
 */
export function refuseOtherInputs(run: SecretRun, assignments: readonly string[]): void {
  const names = Object.keys(run.options.secrets ?? {});
  for (const [name] of assignments.map(split)) {
    if (names.includes(name)) continue;
    const has = names.length === 0 ? 'It has none.' : `Its secret inputs: ${names.join(', ')}.`;
    throw new WfError('E_INPUT', `--input ${name}: ${againOf(run).owner} has no secret input of that name`, {
      hint: `${didYouMean(name, names)}Give only secret inputs again: the others keep their values. ${has}`,
    });
  }
}

function split(assignment: string): readonly [name: string, given: string] {
  const at = assignment.indexOf('=');
  if (at > 0) return [assignment.slice(0, at), assignment.slice(at + 1)];
  throw new WfError('E_INPUT', 'an --input is not of the form name=value', {
    hint: 'Write `--input NAME=@env:VARIABLE` or `--input NAME=@file:PATH`.',
  });
}

/** Returns the value as the schema parses it, for example trimmed. Its error omits the schema's message, which may contain the secret. */
function checked(name: string, value: string, schema: z.ZodObject): string {
  const field = schema.shape[name];
  const parsed = field === undefined ? undefined : z.safeParse(field, value);
  if (parsed?.success !== false) return typeof parsed?.data === 'string' ? parsed.data : value;
  throw new WfError('E_INPUT', `input ${name}: the workflow does not accept its value`, {
    hint: 'Give the value that the run was started with.',
  });
}

function notGiven(run: SecretRun, name: string): WfError {
  const { command, instead } = againOf(run);
  const otherwise = instead === null ? '' : `, or undo the run with \`${instead}\``;
  return new WfError(
    'E_INPUT',
    `its secret input ${name} is missing: it was typed at the start, and wf stores no secrets`,
    { hint: `Give it again with \`${command} --input ${name}=@env:VARIABLE\` (or @file:PATH)${otherwise}.` },
  );
}
