import path from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The user's home folder: HOME, or that of the user database where HOME is no absolute path. */
export function homeFolder(): string {
  // Loaded when it is asked for: most commands ask for none.
  const os = process.getBuiltinModule('node:os');
  const home = os.homedir();
  return path.isAbsolute(home) ? home : os.userInfo().homedir;
}

/** Folder of translated workflow files. */
export function workflowCacheFolder(env: Environment): string {
  return path.join(baseFolder(env['XDG_CACHE_HOME'], '.cache'), 'wf', 'translated');
}

/** Folder of V8's compiled code of wf. */
export function compiledCacheFolder(env: Environment): string {
  return path.join(baseFolder(env['XDG_CACHE_HOME'], '.cache'), 'wf', 'code');
}

/** Where the history of commands is kept that run in no project. */
export function stateFolder(env: Environment): string {
  return path.join(baseFolder(env['XDG_STATE_HOME'], '.local/state'), 'wf');
}

/** A relative path in one of these variables is ignored, as the XDG Base Directory Specification says. */
function baseFolder(given: string | undefined, below: string): string {
  return given !== undefined && path.isAbsolute(given) ? given : path.join(homeFolder(), below);
}
