interface NewStep {
  /** Such as `site.lock`. */
  readonly kind: string;
  /** Name of its constant, such as `siteLock`. */
  readonly constant: string;
}

/** Returns the text of a new step runner: a lock by a symbolic link, the smallest change that can carry a mark. */
export function stepText({ kind, constant }: NewStep): string {
  return `import { readlink } from 'node:fs/promises';
import { type Argv, commandLine, defineStep, evidenceOf, type HostContext, WfError } from 'wf-engine';
import { z } from 'zod';

/** Everything that undo needs: it receives nothing else. */
const record = z.object({ file: z.string(), mark: z.string() });

/** A lock: a symbolic link to the id of the run that holds it. */
export const ${constant} = defineStep({
  kind: '${kind}',
  description: 'Takes a lock for the time of the run.',
  input: z.object({ file: z.string().min(1) }),
  output: z.object({ file: z.string() }),
  record,
  survivesReboot: true,
  alters: [],
  timeoutMs: 10_000,
  retry: { attempts: 3, initialMs: 200, factor: 2, maxMs: 2_000 },
  commands: ({ file }) => [['ln', '--symbolic', 'wf.run', file]],
  rehearse: ({ file }) => ({ file }),
  rehearseUndo: ({ file }) => [['rm', file]],

  // Called before and after apply, and again after an interruption. Must change nothing.
  async observe({ file }, { run, step }) {
    const found = await targetOf(file);
    const plan = { file, mark: \`wf.run=\${run} \${step}\` };
    if (found === null) return { found: 'absent', target: \`lock \${file}\`, record: plan };
    if (found === plan.mark) return { found: 'ours', target: \`lock \${file}\`, record: plan, output: { file } };
    return { found: 'foreign', error: heldByAnother(file, found) };
  },

  // The intent is already on disk. If apply is killed at any point, observe finds what is in place.
  async apply(_input, plan, _found, context) {
    await type(['ln', '--symbolic', '--no-target-directory', plan.mark, plan.file], context);
    return plan;
  },

  // Returns whether there is something to undo. An exception means "unknown", which is not "gone".
  async inspect({ file, mark }) {
    const found = await targetOf(file);
    if (found === mark) return { found: 'in place' };
    return { found: 'gone', reason: found === null ? 'the lock does not exist' : \`\${found} has the lock\` };
  },

  // Called only if inspect returns "in place". May be called twice.
  undo: ({ file }, context) => type(['rm', '--force', file], context),
  undoCommands: ({ file }) => [['rm', '--force', file]],
});

/** Returns the target of a link; null if there is none. A read that fails for another reason does not mean absence. */
async function targetOf(file: string): Promise<string | null> {
  try {
    return await readlink(file);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT') return null;
    if (code === 'EINVAL') return 'a file that is no link';
    throw thrown;
  }
}

/** Runs a command through the host of wf, which logs it and ends it with the run. */
async function type(argv: Argv, context: HostContext): Promise<void> {
  const result = await context.host.command.run(argv, { timeoutMs: 5_000, signal: context.signal });
  context.record(evidenceOf(result));
  if (result.end.type === 'exited' && result.end.exitCode === 0) return;
  throw new WfError('E_HOST_COMMAND', \`\${commandLine(argv)} failed: \${result.stderr.trim() || result.end.type}\`, {
    hint: 'Run the command by hand and read its output.',
  });
}

function heldByAnother(file: string, holder: string): WfError {
  return new WfError('E_NAME_IN_USE', \`\${holder} has the lock \${file}\`, {
    hint: 'Wait until it is released, or choose another file.',
  });
}
`;
}

/**
 * Returns the text of its test.
 * @param file name of the step runner's file, such as `site-lock`
 */
export function stepTestText({ kind, constant }: NewStep, file: string): string {
  return `// node --test ${file}.test.ts (before Node.js 22.18: npx tsx --test ${file}.test.ts)
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { defineWorkflow, openEngine } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';
import { ${constant} } from './${file}.ts';

const input = z.object({ file: z.string() });
type Input = z.output<typeof input>;

const machine = setup({ types: { context: {} as Input, input: {} as Input }, actors: { ${constant} } }).createMachine({
  context: ({ input }) => input,
  initial: 'change',
  states: {
    change: { invoke: { id: 'make', src: '${constant}', input: ({ context }) => context, onDone: 'done' } },
    done: { type: 'final' },
  },
});

/** Leaves its change in place, so that the test can check it. */
const workflow = defineWorkflow({
  name: 'try-${file}',
  version: '1',
  description: 'Tries ${kind}',
  input,
  machine,
  keepsChanges: true,
});

test('makes its change, and a rollback undoes it', async () => {
  const { file, engine, end } = await open();
  const started = await engine.start(workflow, { file });
  assert.equal((await started.record).status, 'succeeded');
  assert.match(readlinkSync(file), new RegExp(started.id));
  const rollback = await engine.rollBack(started.id);
  assert.deepEqual(
    (await rollback?.record)?.changes.map(({ status }) => status),
    ['reverted'],
  );
  assert.equal(existsSync(file), false);
  await end();
});

test('leaves the lock of another owner alone', async () => {
  const { file, engine, end } = await open();
  symlinkSync('somebody else', file);
  const { status, error } = await (await engine.start(workflow, { file })).record;
  assert.deepEqual([status, error?.code], ['failed', 'E_NAME_IN_USE']);
  assert.equal(readlinkSync(file), 'somebody else');
  await end();
});

test('accepts a change that has vanished by itself', async () => {
  const { file, engine, end } = await open();
  const started = await engine.start(workflow, { file });
  await started.record;
  rmSync(file);
  const rollback = await engine.rollBack(started.id);
  assert.deepEqual(
    (await rollback?.record)?.changes.map(({ status }) => status),
    ['gone'],
  );
  await end();
});

async function open() {
  const folder = mkdtempSync(path.join(tmpdir(), 'try-${file}-'));
  const engine = await openEngine({ database: path.join(folder, 'wf.db'), workflows: [workflow] });
  const end = async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  };
  return { file: path.join(folder, 'it'), engine, end };
}
`;
}
