import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { folderOfFile } from '../host/file-folder.ts';
import { sharedCache } from './shared-cache.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Source files by path. */
type Sources = Readonly<Record<string, string>>;

/** End and output of a command. */
export interface Ended {
  readonly exitCode: number | undefined;
  /** stdout and stderr, interleaved. */
  readonly output: string;
}

/** A developer's folder with the published package of wf in `node_modules`. */
export interface PackageProject {
  readonly folder: string;
  /** The environment of its programs. */
  readonly environment: Readonly<Record<string, string>>;
  write(files: Readonly<Record<string, string>>): void;
  /** Type-checks its TypeScript as strictly as wf's own, against the published types, and translates it into `out/`. */
  compile(options?: readonly string[]): Promise<Ended>;
  /** Runs a program in the project's folder, with `wf` and the other programs of `node_modules` at hand. */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
}

/**
 * Makes a project with these files, which is removed after the last test of the file.
 * @param packages `own` if the test alters them; otherwise the projects of the test file have them in common
 */
export function openPackageProject(files: Sources = {}, packages: 'own' | 'common' = 'common'): PackageProject {
  const folder = mkdtempSync(path.join(folderOfFile(), 'p-'));
  const modules = path.join(folder, 'node_modules');
  if (packages === 'own') installWf(modules);
  else symlinkSync(commonModules(), modules);
  const bin = path.join(folder, 'node_modules/.bin');
  const environment = {
    PATH: `${bin}:${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    HOME: path.join(folderOfFile(), 'home'),
    ...sharedCache(),
    // A project without workflows has its history there.
    XDG_STATE_HOME: path.join(folder, 'state'),
    LC_ALL: 'C',
  };
  const run: PackageProject['run'] = async (program, args, more = {}) => {
    const { exitCode, all } = await execa(program, args, {
      cwd: folder,
      env: { ...environment, ...more },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
    });
    return { exitCode, output: all };
  };
  const write: PackageProject['write'] = (texts) => {
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  };
  write({
    'package.json': JSON.stringify({ type: 'module', dependencies: { 'wf-engine': '*' } }),
    'tsconfig.json': JSON.stringify({
      extends: path.join(repository, 'tsconfig.json'),
      compilerOptions: { paths: {}, noEmit: false, rootDir: '.', outDir: 'out' },
      include: ['**/*.ts'],
      exclude: ['node_modules', 'out'],
    }),
    ...files,
  });
  const compiler = path.join(repository, 'node_modules/typescript/bin/tsc');
  // Several checkers would each check the types of the packages.
  const compile: PackageProject['compile'] = (options = []) =>
    run(process.execPath, [compiler, '-p', '.', '--singleThreaded', ...options]);
  return { folder, environment, write, run, compile };
}

/**
 * Compiles the sources of several projects in one run of the compiler, at the first call of the returned function. That function puts
 * the translated files of a name into `out/` of a project, if there is one, and returns the errors in its sources.
 */
export function compileTogether(
  sources: ReadonlyMap<string, Sources>,
): (name: string, project?: PackageProject) => Promise<string> {
  let compiled: Promise<{ readonly out: string; readonly errors: readonly string[] }> | undefined;
  const names = () => [...sources.keys()];
  async function compile() {
    const all = openPackageProject();
    for (const [index, files] of [...sources.values()].entries()) {
      all.write(Object.fromEntries(Object.entries(files).map(([name, text]) => [`${index}/${name}`, text])));
    }
    const { exitCode, output } = await all.compile();
    // The further lines of an error are indented.
    const errors = output.split(/\n(?! )/).filter((error) => error !== '');
    if (exitCode !== 0 && errors.length === 0) errors.push(`the compiler ended with ${exitCode}`);
    return { out: path.join(all.folder, 'out'), errors };
  }
  return async (name, project) => {
    compiled ??= compile();
    const { out, errors } = await compiled;
    const folder = `${names().indexOf(name)}`;
    if (project !== undefined && existsSync(path.join(out, folder))) {
      cpSync(path.join(out, folder), path.join(project.folder, 'out'), { recursive: true });
    }
    // An error outside the folders of the projects concerns them all.
    return errors.filter((error) => [undefined, folder].includes(/^(\d+)\//.exec(error)?.[1])).join('\n');
  };
}

const packageSchema = z.object({ files: z.array(z.string()) });

/** Installs the published files of wf and all that it depends on, as `npm install` would. */
function installWf(modules: string): void {
  link(publishedFiles(), path.join(modules, 'wf-engine'));
  const installed = path.join(repository, 'node_modules');
  for (const name of readdirSync(installed).filter((name) => !name.startsWith('.'))) {
    symlinkSync(path.join(installed, name), path.join(modules, name));
  }
  const bin = path.join(modules, '.bin');
  mkdirSync(bin);
  symlinkSync('../wf-engine/dist/wf.cjs', path.join(bin, 'wf'));
}

/** Returns the `node_modules` that the projects of the test file have in common. */
function commonModules(): string {
  const modules = path.join(folderOfFile(), 'common/node_modules');
  if (!existsSync(modules)) installWf(modules);
  return modules;
}

/** Returns a folder of the test file with a copy of the published files, which its projects have hard links to. */
function publishedFiles(): string {
  const folder = path.join(folderOfFile(), 'published');
  if (existsSync(folder)) return folder;
  const { files } = packageSchema.parse(JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')));
  for (const file of ['package.json', ...files]) {
    cpSync(path.join(repository, file), path.join(folder, file), { recursive: true });
  }
  return folder;
}

function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) link(source, target);
    else linkSync(source, target);
  }
}
