import path from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The user's home folder, as Node finds it. Node's module is loaded when it is asked for: most commands ask for none. */
export function homeFolder(): string {
  return process.getBuiltinModule('node:os').homedir();
}

/** Where translated workflow files are kept (XDG Base Directory Specification). */
export function workflowCacheFolder(env: Environment): string {
  return path.join(env['XDG_CACHE_HOME'] || path.join(homeFolder(), '.cache'), 'wf', 'workflows');
}
