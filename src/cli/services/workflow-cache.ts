import { statSync } from 'node:fs';
import type { WorkflowFile } from '../../definition/find-files.ts';
import { importedFiles } from '../../definition/import-specifiers.ts';
import type { LoadedFile } from '../../definition/load.ts';
import { loadWorkflowFile } from './load-workflow-file.ts';
import type { Places } from './places.ts';

interface Loaded {
  readonly loading: Promise<LoadedFile>;
  readonly stamp: string;
}

/**
 * Returns a function that loads workflow files, each once: again only if the file, or one that it imports, has changed. An agent lives
 * for months.
 */
export function workflowCache(places: Places): (file: WorkflowFile) => Promise<LoadedFile> {
  const loads = new Map<string, Loaded>();
  return (source) => {
    const known = loads.get(source.file);
    // Before the load: a file that changes meanwhile is loaded again.
    const stamp = stampOf(source.file);
    if (known?.stamp === stamp) return known.loading;
    const loading = loadWorkflowFile(source, places, known !== undefined);
    loads.set(source.file, { loading, stamp });
    return loading;
  };
}

function stampOf(file: string): string {
  const stamps = importedFiles(file, []).map((one) => {
    const found = statSync(one, { throwIfNoEntry: false });
    return `${one} ${found?.ino} ${found?.size} ${found?.mtimeMs}`;
  });
  return stamps.join('\n');
}
