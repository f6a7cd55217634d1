import { createHash } from 'node:crypto';
import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { FileContent, FileFound, FilePath } from '../../engine/ports/files.ts';
import type { ChangeState, HostContext, Observation, StepContext } from '../../engine/workflow/step.ts';
import { changedMeanwhile } from '../../host/files/file-error.ts';
import { keptFile } from '../../host/files/kept-files.ts';
import { isAlive } from '../../host/processes/process.ts';
import { processSchema } from '../place-handle.ts';
import { copyExtendedAttributes } from './extended-attributes.ts';
import {
  differencesFrom,
  type FileState,
  fileStateSchema,
  isSameState,
  readFileState,
  type SeenFile,
} from './file-state.ts';
import { FOLDER, runInFolder } from './run-in-folder.ts';

/** Record of a change of one file, link or folder. */
const fileRecordSchema = z.object({
  /** Path of the input. */
  path: z.string(),
  at: z.object({
    folder: z.object({ path: z.string(), device: z.string(), inode: z.string(), bootId: z.string() }),
    name: z.string(),
  }),
  /** The process with which a private host ends; null for the machine. */
  holder: processSchema.nullable(),
  /** Name under which everything is created, in the same folder; contains the run and the step. */
  draft: z.string(),
  /** Copy of the previous file; null if there was none. */
  kept: z.string().nullable(),
  before: fileStateSchema,
  after: fileStateSchema,
});
type FileRecord = z.infer<typeof fileRecordSchema>;

/** Returns the state that a step requests. @throws WfError if the present state does not allow it */
type PlanFile = (seen: SeenFile, at: FilePath) => FileState | Promise<FileState>;

/** Observes the file of a step. */
export async function observeFile<Output>(
  file: string,
  context: StepContext,
  earlier: FileRecord | undefined,
  plan: PlanFile,
  outputOf: (state: FileState) => Output,
): Promise<Observation<FileRecord, Output>> {
  const { host, run, step } = context;
  if (earlier !== undefined) {
    const target = targetOf(earlier);
    const { state } = await readFileState(earlier.at, context);
    const hasDraft = (await host.files.inspect(draftOf(earlier))) !== null;
    if (isSameState(earlier.after, state)) {
      const record = { ...earlier, after: state };
      return hasDraft
        ? { found: 'partial', target, record }
        : { found: 'ours', target, record, output: outputOf(state) };
    }
    if (isSameState(earlier.before, state)) return { found: hasDraft ? 'partial' : 'absent', target, record: earlier };
    return { found: 'foreign', error: changedByOthers(earlier, state) };
  }
  const at = await host.files.locate(file);
  const seen = await readFileState(at, context);
  const after = await plan(seen, at);
  if (isSameState(after, seen.state)) return { found: 'unchanged', output: outputOf(seen.state) };
  const draft = `.wf-${run}-${nameOf(step)}`;
  const kept = seen.state.type === 'file' ? keptFile(host.files.keptFolder, run, nameOf(step)) : null;
  const record = { path: file, at, holder: host.namespace.holder, draft, kept, before: seen.state, after };
  return { found: 'absent', target: targetOf(record), record };
}

/** Returns the name of the changed object: `folder /srv/site`. */
function targetOf({ path: file, before, after }: FileRecord): string {
  const { type } = after.type === 'absent' ? before : after;
  return `${type === 'absent' ? 'file' : type} ${file}`;
}

/** Brings a file into the recorded state. @param contentOf returns the content of a file; called only if the step writes one */
export async function applyFile(
  record: FileRecord,
  observed: 'absent' | 'partial',
  context: StepContext,
  typed: Argv,
  contentOf: (seen: SeenFile) => Promise<FileContent>,
): Promise<FileRecord> {
  const { before, after, at } = record;
  const { clock, files } = context.host;
  const startedAt = clock.now();
  await removeDraft(record, context);
  // Without `wasBegun`, nothing of the change was there: a file that is there now, even with the wanted state, is somebody else's.
  const wasBegun = observed === 'partial';
  try {
    const seen = await readFileState(at, context);
    if (wasBegun && isSameState(after, seen.state)) return record;
    if (!isSameState(before, seen.state)) throw changedMeanwhile(record.path);
    if (before.type === 'file' && seen.found !== null) await keepPrevious(record, before, seen.found, context);
    await replace(record, after, seen, context, async (draft) => {
      if (after.type !== 'file') return;
      const digest = await files.createFile(draft, await contentOf(seen), after);
      if (digest !== after.digest) throw contentChanged(record);
      if (before.type === 'file' && hasExtended(before)) {
        await copyExtendedAttributes(`${FOLDER}/${at.name}`, `${FOLDER}/${draft.name}`, at, context);
        await files.setMode(draft, after.mode);
      }
    });
  } catch (thrown) {
    if (wasBegun || !(thrown instanceof WfError) || thrown.code !== 'E_FILE_CHANGED') throw thrown;
    // Nothing was changed: a file is replaced atomically.
    const { code, message, hint } = thrown;
    throw new WfError(code, message, { hint, cause: thrown, untouched: true });
  }
  context.record(evidence(typed, `${textOf(before)} -> ${textOf(after)}`, startedAt, context));
  return record;
}

async function inspectFile(record: FileRecord, context: HostContext): Promise<ChangeState> {
  const { at, before, after, holder } = record;
  if (holder !== null && !isAlive(holder)) {
    return { found: 'gone', reason: `the private host of process ${holder.pid} has ended, with its files` };
  }
  try {
    const { state } = await readFileState(at, context);
    const hasDraft = (await context.host.files.inspect(draftOf(record))) !== null;
    if (hasDraft || isSameState(after, state)) return { found: 'in place' };
    if (isSameState(before, state)) return { found: 'gone', reason: `${record.path} is as it was before the run` };
    return { found: 'unknown', error: changedByOthers(record, state) };
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    if (before.type !== 'absent' || thrown.details['errno'] !== 'ENOENT') return { found: 'unknown', error: thrown };
    return { found: 'gone', reason: `the folder ${at.folder.path} is gone` };
  }
}

/** Restores the previous state. @throws WfError E_FILE_CHANGED if the file is not as the run left it */
async function undoFile(record: FileRecord, context: HostContext): Promise<void> {
  const { at, before, after } = record;
  const { clock, files } = context.host;
  const startedAt = clock.now();
  await removeDraft(record, context);
  const seen = await readFileState(at, context);
  if (isSameState(before, seen.state)) return;
  if (!isSameState(after, seen.state)) throw changedByOthers(record, seen.state);
  await replace(record, before, seen, context, async (draft) => {
    if (before.type !== 'file' || record.kept === null) return;
    const digest = await files.createFile(draft, { type: 'kept', file: record.kept }, before);
    if (digest !== before.digest) throw keptDiffers(record.kept);
    if (hasExtended(before)) {
      await copyExtendedAttributes(record.kept, `${FOLDER}/${draft.name}`, at, context);
      await files.setMode(draft, before.mode);
    }
  });
  for (const typed of undoFileCommands(record)) context.record(evidence(typed, '', startedAt, context));
}

function undoFileCommands({ path: file, kept, before, after }: FileRecord): readonly Argv[] {
  switch (before.type) {
    case 'absent':
      return [after.type === 'folder' ? ['rmdir', file] : ['rm', file]];
    case 'link':
      return [['ln', '--symbolic', '--force', '--no-dereference', '--', before.target, file]];
    case 'file':
      return [installCommand(kept ?? '', { path: file, after: before })];
    case 'folder':
      return [];
  }
}

/** Returns the command that a person would type to write a file in this state. */
export function installCommand(source: string, { path, after }: Pick<FileRecord, 'path' | 'after'>): Argv {
  if (after.type !== 'file') throw new Error(`${path} is no file`);
  const words = [
    `--mode=${octal(after.mode)}`,
    `--owner=${after.uid}`,
    `--group=${after.gid}`,
    '--preserve-timestamps',
  ];
  return ['install', ...words, source, path];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** The members that all step runners of the family share. */
export const FILE_CHANGE = {
  record: fileRecordSchema,
  survivesReboot: true,
  alters: [],
  inspect: inspectFile,
  undo: undoFile,
  undoCommands: undoFileCommands,
} as const;

/** The content for a step that writes no file. */
export async function noContent(): Promise<never> {
  throw new Error('nothing is written');
}

/** Replaces the present state: creates the wanted one under the name of the draft, and renames that. Leaves no draft. */
async function replace(
  record: FileRecord,
  wanted: FileState,
  { found }: SeenFile,
  context: HostContext,
  makeFile: (draft: FilePath) => Promise<void>,
): Promise<void> {
  const { at } = record;
  const { files } = context.host;
  if (wanted.type === 'absent') {
    if (found !== null) await files.remove(at, found);
    return;
  }
  const draft = draftOf(record);
  try {
    if (wanted.type === 'link') await files.createLink(draft, wanted.target, wanted);
    else if (wanted.type === 'folder') await files.createFolder(draft, wanted);
    else await makeFile(draft);
    if (wanted.type !== 'folder' && wanted.modifiedNs !== null) await setModified(draft, wanted.modifiedNs, context);
    await files.place(draft, at.name, found);
  } catch (thrown) {
    await removeDraft(record, context);
    throw thrown;
  }
}

/** Copies a file before it is replaced or removed. */
async function keepPrevious(
  record: FileRecord,
  before: Extract<FileState, { type: 'file' }>,
  found: FileFound,
  context: StepContext,
): Promise<void> {
  const { at } = record;
  const { file, digest } = await context.host.files.keep(context.run, nameOf(context.step), at, found);
  if (digest !== before.digest) throw contentChanged(record);
  if (hasExtended(before)) await copyExtendedAttributes(`${FOLDER}/${at.name}`, file, at, context);
}

async function removeDraft(record: FileRecord, { host }: HostContext): Promise<void> {
  const draft = draftOf(record);
  const found = await host.files.inspect(draft);
  if (found !== null) await host.files.remove(draft, found);
}

/** Node sets times with a precision of microseconds only. */
async function setModified(draft: FilePath, modifiedNs: string, context: HostContext): Promise<void> {
  const digits = modifiedNs.replace('-', '').padStart(10, '0');
  const time = `@${modifiedNs.startsWith('-') ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
  const file = `${FOLDER}/${draft.name}`;
  await runInFolder(context, draft.folder, ['touch', '--no-create', '--no-dereference', `--date=${time}`, file]);
}

function draftOf({ at, draft }: FileRecord): FilePath {
  return { folder: at.folder, name: draft };
}

/** Returns a file name that is unique for each step, whose id may contain any characters. */
function nameOf(step: string): string {
  const digest = createHash('sha256').update(step).digest('hex').slice(0, 8);
  return `${step.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 100)}-${digest}`;
}

function hasExtended({ extended }: Extract<FileState, { type: 'file' }>): boolean {
  return extended !== null && Object.keys(extended).length > 0;
}

/** Describes a state without any of its content. */
function textOf(state: FileState): string {
  switch (state.type) {
    case 'absent':
      return 'nothing';
    case 'link':
      return `link to ${state.target}`;
    case 'folder':
      return `folder, mode ${octal(state.mode)}, owner ${state.uid}:${state.gid}`;
    case 'file':
      return `${state.size} bytes, mode ${octal(state.mode)}, owner ${state.uid}:${state.gid}`;
  }
}

function evidence(typed: Argv, output: string, startedAt: number, { host }: HostContext) {
  return { command: commandLine(typed), output, exitCode: 0, startedAt, durationMs: host.clock.now() - startedAt };
}

function changedByOthers(record: FileRecord, state: FileState): WfError {
  const differences = differencesFrom(record.after, state).join(', ');
  const byHand = undoFileCommands(record).map(commandLine).join(' && ');
  return new WfError('E_FILE_CHANGED', `${record.path} was changed by somebody else after the run: ${differences}`, {
    hint: `wf left it as it is. Compare it with the previous state, which \`${byHand}\` restores, and settle the change with \`wf settle RUN CHANGE --as gone|kept --reason TEXT\`.`,
    details: { path: record.path },
  });
}

function contentChanged({ path: file }: FileRecord): WfError {
  return new WfError('E_FILE_CHANGED', `the content for ${file} changed while wf worked on it`, {
    hint: 'wf left the file as it is. Find out what writes it, then try again.',
  });
}

function keptDiffers(kept: string): WfError {
  return new WfError('E_FILE_CHANGED', `the copy ${kept} of the previous file was changed`, {
    hint: 'wf restored nothing from it. Restore the file from a backup.',
  });
}
