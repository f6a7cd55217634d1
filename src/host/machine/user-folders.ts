import path from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Replaces the home folder of a user without one, as in some containers: nothing can be created below it. */
const NOWHERE = '/dev/null';

/** Returns the user's home folder: HOME, or the entry of the user database if HOME is no absolute path. */
export function homeFolder(): string {
  // Loaded lazily: most commands do not need it.
  const os = process.getBuiltinModule('node:os');
  try {
    const home = os.homedir();
    return path.isAbsolute(home) ? home : os.userInfo().homedir;
  } catch {
    return NOWHERE;
  }
}

/** Returns the folder of translated workflow files. */
export function workflowCacheFolder(env: Environment): string {
  return path.join(baseFolder(env['XDG_CACHE_HOME'], '.cache'), 'wf', 'translated');
}

/** Returns the folder of V8's compiled code of wf. */
export function compiledCacheFolder(env: Environment): string {
  return path.join(baseFolder(env['XDG_CACHE_HOME'], '.cache'), 'wf', 'code');
}

/** Returns the folder of the history of commands that run outside a project; undefined if the user has no home folder. */
export function stateFolder(env: Environment): string | undefined {
  const folder = baseFolder(env['XDG_STATE_HOME'], '.local/state');
  return folder.startsWith(`${NOWHERE}/`) ? undefined : path.join(folder, 'wf');
}

/** The XDG Base Directory Specification requires that relative paths in these variables are ignored. */
function baseFolder(given: string | undefined, below: string): string {
  return given !== undefined && path.isAbsolute(given) ? given : path.join(homeFolder(), below);
}
