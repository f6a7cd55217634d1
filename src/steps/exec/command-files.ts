import { z } from 'zod';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { contentFields, contentOf, ONE_CONTENT } from '../file/template.ts';

/** Stands for the path of a file of the step, in an argument or a variable. */
const REFERENCE = /\{file:([^{}]*)\}/g;

export const filesField = {
  files: z
    .record(
      z
        .string()
        .max(100)
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
      z.strictObject(contentFields).refine(...ONE_CONTENT),
    )
    .default({})
    .describe(
      'files for the commands of the step, by name; `{file:NAME}` in their arguments and variables is the path of one. The user of wf alone can read them, and they exist only while a command runs',
    ),
};

/** Contents of files by name. */
export const fileContentsSchema = z.record(z.string(), z.string());
export type FileContents = z.infer<typeof fileContentsSchema>;

/** Parts of a command that refer to files. */
interface Referring {
  readonly argv: Argv;
  readonly check?: Argv | null;
  readonly undo?: Argv | null;
  readonly env: Readonly<Record<string, string>>;
  readonly undoEnv?: Readonly<Record<string, string>> | null;
}

type Files = z.output<(typeof filesField)['files']>;

/** Refinement for an input with files: every reference must name one of them. Without files, nothing is a reference. */
export const FILES_EXIST = [
  (asked: Referring & { readonly files: Files }) =>
    Object.keys(asked.files).length === 0 ||
    namesIn(asked, asked.argv).every((name) => Object.hasOwn(asked.files, name)),
  { error: '{file:NAME} names no file of `files`' },
] as const;

/** Returns the contents of all files of an input. @throws WfError E_STEP_INPUT if values do not fit a template */
export function contentsOf(files: Files): FileContents {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, contentOf(file)]));
}

/** Returns the contents that the check and the undo of a command refer to. */
export function contentsForUndo(asked: Referring & { readonly files: Files }): FileContents {
  const names = new Set(namesIn(asked, []));
  return Object.fromEntries(Object.entries(contentsOf(asked.files)).filter(([name]) => names.has(name)));
}

function namesIn({ check, undo, env, undoEnv }: Referring, argv: readonly string[]): readonly string[] {
  const texts = [...argv, ...(check ?? []), ...(undo ?? []), ...Object.values(env), ...Object.values(undoEnv ?? {})];
  return texts.flatMap((text) => [...text.matchAll(REFERENCE)].map(([, name = '']) => name));
}

/** Writes files, calls `act`, then removes them. `act` receives a function that replaces the references to them in a text. */
export async function withFiles<Result>(
  contents: FileContents,
  { host, run }: HostContext,
  act: (filled: (text: string) => string) => Promise<Result>,
): Promise<Result> {
  if (Object.keys(contents).length === 0) return act((text) => text);
  const folder = await host.files.writeForCommand(run, contents);
  try {
    return await act((text) => text.replaceAll(REFERENCE, (_found, name: string) => `${folder}/${name}`));
  } finally {
    await host.files.removeForCommand(run, folder);
  }
}
