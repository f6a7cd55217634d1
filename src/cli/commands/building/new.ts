import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { findProject, isMarkedAsProject, PROJECT_MARKER, WORKFLOW_NAME } from '../../../definition/find-files.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { makeFolder } from '../../../trust/private-folder.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';
import { writeNewFile } from '../../output/write-new-file.ts';
import type { Services } from '../../services/services.ts';
import { stepTestText, stepText } from '../../templates/step.ts';
import { workflowText } from '../../templates/workflow.ts';

const options = z.object({
  what: z.enum(['workflow', 'step']),
  name: z.string(),
  like: z.string().optional(),
  json: z.boolean().default(false),
});

/** Files to write, and the commands to type next. */
interface StartingPoint {
  /** Texts by path relative to the project. */
  readonly files: Readonly<Record<string, string>>;
  readonly next: readonly string[];
}

/** `wf new workflow|step NAME`: writes a starting point into the project, or makes this folder a project. */
export const create = defineCommand(options, async ({ what, name, like, json }, services, { out }) => {
  if (like !== undefined && what !== 'workflow') {
    throw new WfError('E_USAGE', '--like is for `wf new workflow`', { hint: `Leave it out: \`wf new step ${name}\`.` });
  }
  const found = findProject(process.cwd());
  const project = found ?? process.cwd();
  const folder = path.join(project, 'workflows');
  const { files, next } =
    what === 'workflow' ? await newWorkflow(name, like, folder, services) : await newStep(name, services);
  const all = found === undefined && !isMarkedAsProject(project) ? { [PROJECT_MARKER]: '', ...files } : files;
  const written = Object.entries(all).map(([file, text]) => ({ file: path.join(project, file), text }));
  for (const { file } of written) if (existsSync(file)) throw isThere(file);
  for (const { file, text } of written) {
    makeFolderOf(file);
    writeNewFile(file, text, false);
  }
  const shown = written.map(({ file }) => path.relative(process.cwd(), file));
  if (json) writeJson(out, { files: written.map(({ file }) => file) });
  else writeLines(out, [...shown.map((file) => `wrote ${file}`), ...next]);
  return 0;
});

/** @param like name of the workflow to copy; absent for a small one that comes with wf */
async function newWorkflow(
  name: string,
  like: string | undefined,
  folder: string,
  services: Services,
): Promise<StartingPoint> {
  if (!WORKFLOW_NAME.test(name)) {
    throw new WfError('E_USAGE', `"${name}" is not a valid workflow name`, {
      hint: 'Use lower-case letters, digits and hyphens, such as `move-uplink`.',
    });
  }
  const same = (await services.workflows()).find((workflow) => workflow.name === name);
  if (same !== undefined) throw isThere(same.file);
  const texts =
    like === undefined ? { [`${name}.ts`]: workflowText(name) } : await copyOf(like, name, folder, services);
  return {
    files: Object.fromEntries(Object.entries(texts).map(([file, text]) => [`workflows/${file}`, text])),
    next: [`next: wf check ${name}    wf start ${name} --dry-run    wf start ${name}`],
  };
}

async function copyOf(like: string, name: string, folder: string, services: Services) {
  // Loading it also checks that no other user could have written its files.
  const { file, workflow } = await services.workflow(like);
  const { copyOfWorkflow } = await import('../../../definition/copy-workflow.ts');
  return copyOfWorkflow({ name: workflow.name, file }, name, folder);
}

const STEP_KIND = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)?$/;

async function newStep(name: string, services: Services): Promise<StartingPoint> {
  if (!STEP_KIND.test(name)) {
    throw new WfError('E_USAGE', `"${name}" is not a valid kind of a step runner`, {
      hint: 'Use a family and a name of lower-case letters, digits and hyphens, such as `site.lock`.',
    });
  }
  const kind = name.includes('.') ? name : `own.${name}`;
  if ((await services.stepRunners()).some((runner) => runner.kind === kind)) {
    throw new WfError('E_USAGE', `step runner ${kind} comes with wf`, {
      hint: `Choose another name: a change is undone by the step runner of its kind. See the existing one with \`wf steps ${kind}\`.`,
    });
  }
  const file = name.replace('.', '-');
  const step = { kind, constant: constantOf(kind) };
  return {
    files: { [`steps/${file}.ts`]: stepText(step), [`steps/${file}.test.ts`]: stepTestText(step, file) },
    next: [
      `next: node --test steps/${file}.test.ts    (before Node.js 22.18: npx tsx --test steps/${file}.test.ts)`,
      `in a workflow: import { ${step.constant} } from '../steps/${file}.ts';`,
    ],
  };
}

/** Returns `siteLock` for `site.lock`; `siteLockStep` if the template uses that name otherwise. */
function constantOf(kind: string): string {
  const constant = kind.replace(/[.-]+(.)?/g, (_separator, letter?: string) => letter?.toUpperCase() ?? '');
  const other = { kind: 'other.one', constant: 'otherOne' };
  const words: readonly string[] = `${stepText(other)} ${stepTestText(other, 'other-one')}`.match(/\w+/g) ?? [];
  return words.includes(constant) ? `${constant}Step` : constant;
}

function isThere(file: string): WfError {
  return new WfError('E_USAGE', `${file} already exists`, {
    hint: 'Choose another name, or move the file away. wf wrote nothing.',
  });
}

/** Reduced by the umask, like that of `mkdir`. */
const FOLDER_MODE = 0o777;

function makeFolderOf(file: string): void {
  const folder = path.dirname(file);
  try {
    makeFolder(folder, FOLDER_MODE);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WfError('E_USAGE', `cannot create the folder ${folder}: ${reason}`, {
      hint: 'Run `wf new` in a writable folder.',
      cause: thrown,
    });
  }
}
