import { expect } from 'vitest';
import { refusalSchema } from './run-record.ts';
import type { Project, WfEnd, WfOptions } from './run-wf.ts';

/** What a command that is refused is to say. */
export interface Refusal {
  readonly exitCode: number;
  readonly code: string;
  /** Parts of what happened, e.g. the names in it. */
  readonly says: readonly string[];
  /** A part of the next thing to do. */
  readonly next: string;
}

/**
 * Calls wf twice, for people and with --json: both are refused, in a few lines with the next thing to do, or with exactly
 * one JSON document; neither shows where in wf's code it was.
 */
export async function expectRefusal(
  project: Project,
  args: readonly string[],
  { exitCode, code, says, next }: Refusal,
  options: WfOptions = {},
): Promise<void> {
  const [text, json] = await Promise.all([project.wf(args, options), project.wf([...args, '--json'], options)]);
  expect({ ...exitOf(json), error: refusalSchema.parse(json.json()).error }).toMatchObject({
    exitCode,
    signal: undefined,
    error: { code },
  });
  const { error } = refusalSchema.parse(json.json());
  for (const part of says) expect(error.message).toContain(part);
  expect(error.hint).toContain(next);
  expect(json.stderr).toBe('');

  expect(exitOf(text)).toEqual({ exitCode, signal: undefined });
  expect(text.stdout).toBe('');
  const [first, second, ...rest] = text.stderr.split('\n');
  expect(first).toMatch(new RegExp(`^error ${code}: .`));
  expect(second).toMatch(/^ {2}next: ./);
  expect(rest).toEqual(['']);
  for (const end of [text, json]) expectNoStackTrace(end);
}

/** Nobody who uses wf should have to read where in its code something was raised. */
export function expectNoStackTrace({ stdout, stderr }: WfEnd): void {
  expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*(?:\.[cm]?[jt]s|node:[a-z/]+):\d+|node:internal/m);
}

function exitOf({ exitCode, signal }: WfEnd) {
  return { exitCode, signal };
}
