import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { lazy } from '../engine/model/lazy.ts';

/** A workflow file, named after its workflow. */
export interface WorkflowFile {
  readonly name: string;
  readonly file: string;
}

/** Name of a workflow: lower-case letters, digits and hyphens. */
export const WORKFLOW_NAME = /^[a-z0-9][a-z0-9-]*$/;

const FILE_NAME = /^(.+)\.(?:ts|mts|js|mjs)$/;

/** The package that a project depends on, or is, by its package.json. */
const PACKAGE = 'wf-engine';

const manifestSchema = lazy(() => {
  const dependencies = z.optional(z.record(z.string(), z.unknown()));
  return z.object({
    name: z.optional(z.string()),
    dependencies,
    devDependencies: dependencies,
    peerDependencies: dependencies,
    optionalDependencies: dependencies,
  });
});

/** An empty file with this name marks its folder as a project. */
export const PROJECT_MARKER = '.wf';

/** Returns the nearest project from `from` upwards: a folder with `workflows` and a marker; undefined if there is none. */
export function findProject(from: string): string | undefined {
  return foldersUpwards(from).find((folder) => isFolder(path.join(folder, 'workflows')) && isMarkedAsProject(folder));
}

/** Returns the nearest folder upwards that has a folder `workflows`, but no marker, and so is no project. */
export function findUnmarked(from: string): string | undefined {
  return foldersUpwards(from).find((folder) => isFolder(path.join(folder, 'workflows')) && !isMarkedAsProject(folder));
}

function foldersUpwards(from: string): readonly string[] {
  const folder = path.resolve(from);
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersUpwards(parent)];
}

/** Whether a folder is a project of wf: it has a {@link PROJECT_MARKER}, or a package.json that is wf's or depends on it. */
export function isMarkedAsProject(folder: string): boolean {
  if (existsSync(path.join(folder, PROJECT_MARKER))) return true;
  try {
    const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const { name, ...dependencies } = manifestSchema().parse(manifest);
    return (
      name === PACKAGE || Object.values(dependencies).some((one) => one !== undefined && Object.hasOwn(one, PACKAGE))
    );
  } catch {
    return false; // it is absent, or npm would refuse it too
  }
}

/** Returns the workflow files of these folders, sorted by name; an earlier folder has precedence. */
export function findWorkflowFiles(folders: readonly string[]): readonly WorkflowFile[] {
  const files = new Map<string, WorkflowFile>();
  for (const folder of folders) {
    for (const entry of existsSync(folder) ? readdirSync(folder) : []) {
      const name = FILE_NAME.exec(entry)?.[1];
      if (name !== undefined && WORKFLOW_NAME.test(name) && !files.has(name))
        files.set(name, { name, file: path.join(folder, entry) });
    }
  }
  return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Matches files that a test runner or the compiler reads. */
const NO_STEP_FILE = /\.(?:test|spec|d)\.[cm]?[jt]s$/;

/** Returns the files of a project that may export step runners, sorted: those under its folder `steps`, except tests and declarations. */
export function findStepFiles(project: string): readonly string[] {
  const folder = path.join(project, 'steps');
  const entries = isFolder(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return entries
    .filter((entry) => FILE_NAME.test(entry) && !NO_STEP_FILE.test(entry) && !entry.split('/').includes('node_modules'))
    .toSorted()
    .map((entry) => path.join(folder, entry));
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
