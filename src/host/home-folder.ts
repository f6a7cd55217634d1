/** The user's home folder, as Node finds it. Node's module is loaded when it is asked for: most commands ask for none. */
export function homeFolder(): string {
  return process.getBuiltinModule('node:os').homedir();
}
