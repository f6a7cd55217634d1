import { statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { errorSchema } from '../api/schemas/error.ts';
import type { Commands } from './commands.ts';

/** The workflows that commands find in the directory of the server. Cached for a short time. */
export interface WorkflowCatalog {
  list(): Promise<readonly ListedWorkflow[]>;
  /** @throws WfError E_WORKFLOW_NOT_FOUND, E_WORKFLOW_INVALID */
  describe(name: string): Promise<DescribedWorkflow>;
  /** Returns the machine as an SVG. @throws WfError as `describe` */
  graph(name: string): Promise<string>;
}

const listed = z.object({
  name: z.string(),
  version: z.string().nullable(),
  description: z.string().nullable(),
  file: z.string(),
  error: z.nullable(errorSchema).describe('why it cannot be loaded'),
});
export type ListedWorkflow = Readonly<z.output<typeof listed>>;
export const listedSchema = z.array(listed);

export const describedSchema = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  file: z.string(),
  stages: z.array(z.string()),
  input: z.json().describe('JSON Schema'),
  secretInputs: z.array(z.string()),
});
export type DescribedWorkflow = Readonly<z.output<typeof describedSchema>>;

const drawnSchema = z.object({ text: z.string() });

/** A file that a workflow imports may have changed meanwhile. */
const CACHED_MS = 10_000;
const MOST_CACHED = 100;

/** A name, neither a path nor an option. The command searches the folders of workflows for it. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const FILE = /\.(?:ts|mts|js|mjs)$/;

interface Cached {
  readonly document: Promise<Json>;
  readonly at: number;
  stamp: string | undefined;
  files: readonly string[];
}

export function createWorkflowCatalog(commands: Pick<Commands, 'read'>, clock: Pick<Clock, 'now'>): WorkflowCatalog {
  const cache = new Map<string, Cached>();

  async function read<Schema extends z.ZodType>(
    argv: readonly string[],
    schema: Schema,
    filesOf: (document: z.output<Schema>) => readonly string[],
  ): Promise<z.output<Schema>> {
    const key = argv.join('\0');
    const known = cache.get(key);
    const isFresh = known !== undefined && clock.now() - known.at < CACHED_MS;
    if (isFresh && (known.stamp === undefined || known.stamp === stampOf(known.files))) {
      return schema.parse(await known.document);
    }
    const entry: Cached = {
      document: commands.read(argv).then(({ document }) => document),
      at: clock.now(),
      stamp: undefined,
      files: [],
    };
    if (cache.size >= MOST_CACHED) cache.clear();
    cache.set(key, entry);
    try {
      const document = schema.parse(await entry.document);
      entry.files = filesOf(document);
      entry.stamp = stampOf(entry.files);
      return document;
    } catch (thrown) {
      if (cache.get(key) === entry) cache.delete(key);
      throw thrown;
    }
  }

  const describe = (name: string) =>
    read(['workflows', '--', requireName(name)], describedSchema, ({ file }) => [file]);

  return {
    list: () => read(['workflows'], listedSchema, (workflows) => workflows.map(({ file }) => file)),
    describe,
    async graph(name) {
      const { file } = await describe(name);
      const { text } = await read(['graph', '--format=svg', '--', requireName(name)], drawnSchema, () => [file]);
      return text;
    },
  };
}

/** Returns the name of a workflow as an argument of a command. @throws WfError E_WORKFLOW_NOT_FOUND */
export function requireName(name: string): string {
  if (NAME.test(name) && !FILE.test(name)) return name;
  throw new WfError('E_WORKFLOW_NOT_FOUND', `"${name}" is not the name of a workflow`, {
    hint: 'Open a workflow from the list.',
  });
}

/** Returns a text that changes with the files, and with the list of files in their folders. */
function stampOf(files: readonly string[]): string {
  const watched = new Set(files.flatMap((file) => [file, path.dirname(file)]));
  const stamps = [...watched].map((file) => {
    const found = statSync(file, { throwIfNoEntry: false });
    return `${file} ${found?.ino} ${found?.size} ${found?.mtimeMs}`;
  });
  return stamps.join('\n');
}
