import { expect } from 'vitest';
import { refusalSchema } from './run-record.ts';
import { type Project, type WfEnd, type WfOptions, withoutDatabase } from './run-wf.ts';

/** What a command that is refused is to say. */
export interface Refusal {
  readonly exitCode: number;
  readonly code: string;
  /** Parts of what happened, e.g. the names in it. */
  readonly says: readonly string[];
  /** A part of the next thing to do. */
  readonly next: string;
}

/** Calls wf with --json: it is refused with exactly one JSON document. */
export async function expectRefusal(
  project: Project,
  args: readonly string[],
  { exitCode, code, says, next }: Refusal,
  options: WfOptions = {},
): Promise<void> {
  const end = await project.wf([...args, '--json'], options);
  const { error } = refusalSchema.parse(end.json());
  expect({ ...exitOf(end), code: error.code }).toEqual({ exitCode, signal: undefined, code });
  for (const part of says) expect(error.message).toContain(part);
  expect(withAndWithout(project, error.hint)).toContain(next);
  expect(end.stderr).toBe('');
  expectNoStackTrace(end);
}

/** Calls wf for people: it is refused in two lines on stderr, the second with the next thing to do. */
export async function expectTextRefusal(
  project: Project,
  args: readonly string[],
  { exitCode, code, says, next }: Refusal,
  options: WfOptions = {},
): Promise<void> {
  const end = await project.wf(args, options);
  expect({ ...exitOf(end), stdout: end.stdout }).toEqual({ exitCode, signal: undefined, stdout: '' });
  const [first, second = '', ...rest] = end.stderr.split('\n');
  expect(first).toMatch(new RegExp(`^error ${code}: .`));
  for (const part of says) expect(first).toContain(part);
  expect(second).toMatch(/^ {2}next: ./);
  expect(withAndWithout(project, second)).toContain(next);
  expect(rest).toEqual(['']);
  expectNoStackTrace(end);
}

/** A hint as it is, and without the database that its commands name. */
function withAndWithout(project: Project, hint: string): string {
  return `${hint}\n${withoutDatabase(project, hint)}`;
}

/** Nobody who uses wf should have to read where in its code something was raised. */
export function expectNoStackTrace({ stdout, stderr }: WfEnd): void {
  expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*(?:\.[cm]?[jt]s|node:[a-z/]+):\d+|node:internal/m);
}

function exitOf({ exitCode, signal }: WfEnd) {
  return { exitCode, signal };
}
