import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../engine/model/errors.ts';
import type { WorkflowFile } from './find-files.ts';
import { importedFiles, renameImports } from './import-specifiers.ts';

/**
 * Returns the texts of a copy of a workflow, by path relative to the folder of workflows: its file, and what it imports from the folder of
 * its name. The copy has its own name, also in its imports. The workflow must have been loaded, so that its files are known to be trusted.
 * @param into the folder of workflows that receives the copy
 * @throws WfError E_USAGE if it imports other files and is not in that folder, or defines its name in another way than by a literal
 */
export function copyOfWorkflow(source: WorkflowFile, name: string, into: string): Readonly<Record<string, string>> {
  const folder = path.dirname(source.file);
  const isMoved = (file: string) => file === source.file || file.startsWith(path.join(folder, source.name) + path.sep);
  const imported = importedFiles(source.file, ['wf-engine', 'wf-engine/steps', 'xstate', 'zod']);
  const stray = imported.find((file) => !isMoved(file));
  if (stray !== undefined && folder !== path.resolve(into)) {
    throw cannotCopy(source, `it imports ${stray}, which would not be copied`);
  }
  const copies = imported.filter(isMoved).map((file) => {
    const text = renameImports(readFileSync(file, 'utf8'), (specifier) => {
      if (!specifier.startsWith('.')) return specifier;
      const target = path.resolve(path.dirname(file), specifier);
      if (!isMoved(target) && withoutEnding(target) !== path.join(folder, source.name)) return specifier;
      const renamed = path.relative(path.dirname(movedTo(file)), movedTo(target));
      return renamed.startsWith('.') ? renamed : `./${renamed}`;
    });
    return { file: movedTo(file), text: file === source.file ? renamedDefinition(text, source, name) : text };
  });
  return Object.fromEntries(copies.map(({ file, text }) => [path.relative(folder, file), text]));

  /** Returns the path of a file beside its original, with the name of the copy. */
  function movedTo(file: string): string {
    return path.join(folder, name + path.relative(folder, file).slice(source.name.length));
  }
}

/** Returns a path without its script extension: an import may omit that, or have the extension of the translated file. */
function withoutEnding(file: string): string {
  return file.replace(/\.[cm]?[jt]s$/, '');
}

/** Replaces the name of the definition, and the id of a machine that has the same, unless targets name it (`#id.state`). */
function renamedDefinition(text: string, source: WorkflowFile, name: string): string {
  const definition = new RegExp(`(\\bdefineWorkflow\\(\\{[^]*?\\bname:\\s*)(["'\`])${source.name}\\2`);
  if (!definition.test(text)) throw cannotCopy(source, 'its name is no literal in defineWorkflow({ name })');
  const renamed = text.replace(definition, `$1$2${name}$2`);
  if (text.includes(`#${source.name}`)) return renamed;
  return renamed.replace(new RegExp(`(\\bcreateMachine\\(\\{\\s*id:\\s*)(["'])${source.name}\\2`), `$1$2${name}$2`);
}

function cannotCopy({ name, file }: WorkflowFile, why: string): WfError {
  return new WfError('E_USAGE', `workflow ${name} cannot be copied: ${why}`, { hint: `Copy ${file} by hand.` });
}
