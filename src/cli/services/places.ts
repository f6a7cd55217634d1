import path from 'node:path';
import { findProject } from '../../definition/find-files.ts';
import { packageRoot } from '../../definition/package-root.ts';
import { stateFolder, workflowCacheFolder } from '../../host/machine/user-folders.ts';

/** Paths that wf uses for a command in this folder. */
export interface Places {
  /** Database: `--db`, otherwise WF_DB, otherwise `data/wf.db` of the project, otherwise a file below the user's state folder. */
  readonly database: string;
  /** The same if `--db` or WF_DB set it and it is not the default: suggested commands then name it. */
  readonly namedDatabase: string | null;
  /** Folders with workflow files; of two files with one name, the one in the earlier folder counts. */
  readonly workflowFolders: readonly string[];
  /** Folder of translated workflow files. */
  readonly cacheFolder: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the paths.
 * @param asked the value of `--db`
 */
export function findPlaces(asked: string | undefined, env: Environment = process.env, folder = process.cwd()): Places {
  const project = findProject(folder);
  const usual = () =>
    project === undefined ? path.join(stateFolder(env), 'wf.db') : path.join(project, 'data', 'wf.db');
  const own = path.join(packageRoot(), 'workflows');
  const projectFolder = project === undefined ? own : path.join(project, 'workflows');
  const named = asked ?? (env['WF_DB'] || undefined);
  const database = path.resolve(folder, named ?? usual());
  return {
    database,
    namedDatabase: named === undefined || database === usual() ? null : database,
    workflowFolders: projectFolder === own ? [own] : [projectFolder, own],
    cacheFolder: workflowCacheFolder(env),
  };
}
