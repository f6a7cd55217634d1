import path from 'node:path';
import { findProject } from '../../definition/find-files.ts';
import { packageRoot } from '../../definition/package-root.ts';
import { WfError } from '../../engine/model/errors.ts';
import { stateFolder, workflowCacheFolder } from '../../host/machine/user-folders.ts';

/** Paths that wf uses for a command in this folder. */
export interface Places {
  /** Database: `--db`, otherwise WF_DB, otherwise `data/wf.db` of the project, otherwise a file below the user's state folder. */
  readonly database: string;
  /** The same path if `--db` or WF_DB sets it and it is not the default: suggested commands then name it. */
  readonly namedDatabase: string | null;
  /** Folder of the project; undefined outside of any. */
  readonly project: string | undefined;
  /** Folders with workflow files; an earlier folder takes precedence. */
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
  const data = project === undefined ? stateFolder(env) : path.join(project, 'data');
  const usual = data === undefined ? undefined : path.join(data, 'wf.db');
  const own = path.join(packageRoot(), 'workflows');
  const projectFolder = project === undefined ? own : path.join(project, 'workflows');
  const named = asked ?? (env['WF_DB'] || undefined);
  const chosen = named ?? usual;
  if (chosen === undefined) throw withoutHome();
  const database = path.resolve(folder, chosen);
  return {
    database,
    namedDatabase: named === undefined || database === usual ? null : database,
    project,
    workflowFolders: projectFolder === own ? [own] : [projectFolder, own],
    cacheFolder: workflowCacheFolder(env),
  };
}

function withoutHome(): WfError {
  return new WfError('E_DATABASE', `user ${process.geteuid?.() ?? -1} has no home folder for the history`, {
    hint: 'Set HOME, or choose a database with --db or WF_DB.',
  });
}
