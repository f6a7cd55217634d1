import path from 'node:path';
import { type LoadedFile, loadDefinition, loadWorkflow } from '../../definition/load.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { WorkflowDefinition } from '../../engine/workflow/workflow.ts';
import { workflowCacheFolder } from '../../host/machine/user-folders.ts';
import { confineCode } from '../../host/workflow-code/confine-code.ts';
import { wfModule } from '../wf-module.ts';
import type { WorkflowSource } from './workflow-engine.ts';

/** The workflows that a program knows, by name. */
export interface KnownWorkflows {
  /** @throws WfError E_WORKFLOW_NOT_FOUND; E_WORKFLOW_INVALID if a new definition is refused */
  find(workflow: WorkflowSource): LoadedFile;
  all(): readonly LoadedFile[];
}

/** @throws WfError E_WORKFLOW_INVALID; E_USAGE if two have one name */
export async function loadKnown(sources: readonly WorkflowSource[]): Promise<KnownWorkflows> {
  const known = new Map<string, LoadedFile>();
  const byDefinition = new Map<WorkflowDefinition, LoadedFile>();

  const add = (loaded: LoadedFile): LoadedFile => {
    const { name } = loaded.workflow;
    if (known.has(name)) {
      throw new WfError('E_USAGE', `two workflows have the name ${name}`, {
        hint: 'Give each its own: a run is resumed by the name of its workflow.',
      });
    }
    known.set(name, loaded);
    return loaded;
  };
  const addDefinition = (definition: WorkflowDefinition): LoadedFile => {
    const source = { name: definition.name, file: 'the program' };
    const loaded = add(loadDefinition(source, { default: definition }));
    byDefinition.set(definition, loaded);
    return loaded;
  };

  for (const source of sources) {
    if (typeof source === 'string') add(await loadFile(source));
    else addDefinition(source);
  }
  return {
    find(workflow) {
      if (typeof workflow !== 'string') return byDefinition.get(workflow) ?? addDefinition(workflow);
      const found = known.get(workflow);
      if (found !== undefined) return found;
      throw new WfError('E_WORKFLOW_NOT_FOUND', `the program knows no workflow "${workflow}"`, {
        hint: `Add it to openEngine({ workflows }). Known: ${[...known.keys()].join(', ') || 'none'}.`,
      });
    },
    all: () => [...known.values()],
  };
}

async function loadFile(file: string): Promise<LoadedFile> {
  const source = { name: path.basename(file).replace(/\.[^.]+$/, ''), file: path.resolve(file) };
  return loadWorkflow(source, {
    cacheFolder: workflowCacheFolder(process.env),
    wfModule,
    confine: confineCode,
  });
}
