import { expect } from 'vitest';
import { refusalSchema } from './run-record.ts';
import { type Project, type WfEnd, type WfOptions, withoutDatabase } from './run-wf.ts';

/** The expected output of a refused command. */
export interface Refusal {
  readonly exitCode: number;
  readonly code: string;
  /** Parts of the message, e.g. the names in it. */
  readonly message: readonly string[];
  /** A part of the hint. */
  readonly next: string;
}

/**
 * Runs wf with --json, in the shared process unless it needs another user, and expects a refusal with exactly one JSON document.
 */
export async function expectRefusal(
  project: Project,
  args: readonly string[],
  refusal: Refusal,
  options: WfOptions = {},
): Promise<void> {
  expectRefused(project, await carryOut(project, [...args, '--json'], options), refusal);
}

function carryOut(project: Project, args: readonly string[], options: WfOptions): Promise<WfEnd> {
  const isShared = options.through === undefined && options.program === undefined;
  return isShared ? project.sharedWf(args, options) : project.wf(args, options);
}

/** The same for the end of a command with --json. */
export function expectRefused(project: Project, end: WfEnd, { exitCode, code, message, next }: Refusal): void {
  const { error } = refusalSchema.parse(end.json());
  expect({ ...exitOf(end), code: error.code }).toEqual({ exitCode, signal: undefined, code });
  for (const part of message) expect(error.message).toContain(part);
  expect(withAndWithout(project, error.hint)).toContain(next);
  expect(end.stderr).toBe('');
  expectNoStackTrace(end);
}

/** The same without --json: the refusal has two lines on stderr, the second with the next step. */
export async function expectTextRefusal(
  project: Project,
  args: readonly string[],
  refusal: Refusal,
  options: WfOptions = {},
): Promise<void> {
  expectRefusedAsText(project, await carryOut(project, args, options), refusal);
}

/** The same for the end of a command without --json. */
export function expectRefusedAsText(project: Project, end: WfEnd, { exitCode, code, message, next }: Refusal): void {
  expect({ ...exitOf(end), stdout: end.stdout }).toEqual({ exitCode, signal: undefined, stdout: '' });
  const [first, second = '', ...rest] = end.stderr.split('\n');
  expect(first).toMatch(new RegExp(`^error ${code}: .`));
  for (const part of message) expect(first).toContain(part);
  expect(second).toMatch(/^ {2}next: ./);
  expect(withAndWithout(project, second)).toContain(next);
  expect(rest).toEqual(['']);
  expectNoStackTrace(end);
}

/** A hint unchanged, followed by the hint without the `--db` of its commands. */
function withAndWithout(project: Project, hint: string): string {
  return `${hint}\n${withoutDatabase(project, hint)}`;
}

/** A user should never see a stack trace of wf. */
export function expectNoStackTrace({ stdout, stderr }: WfEnd): void {
  expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*(?:\.[cm]?[jt]s|node:[a-z/]+):\d+|node:internal/m);
}

function exitOf({ exitCode, signal }: WfEnd) {
  return { exitCode, signal };
}
