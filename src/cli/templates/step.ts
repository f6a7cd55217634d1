interface NewStep {
  /** Such as `site.lock`. */
  readonly kind: string;
  /** The name of its constant, such as `siteLock`. */
  readonly constant: string;
}

/** The text of a new step runner. It locks something by a symbolic link, the smallest change that can carry a mark. */
export function stepText({ kind, constant }: NewStep): string {
  return `import { readlink } from 'node:fs/promises';
import { type Argv, commandLine, defineStep, evidenceOf, type HostContext, WfError } from 'wf-engine';
import { z } from 'zod';

/** All that undoing needs: undo gets nothing else. */
const record = z.object({ file: z.string(), mark: z.string() });

/** A lock: a symbolic link that names the run which holds it. */
export const ${constant} = defineStep({
  kind: '${kind}',
  description: 'Holds a lock while the run needs it.',
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

  // Looks before anything is done, after it was done, and again after an interruption. It must change nothing.
  async observe({ file }, { run, step }) {
    const found = await targetOf(file);
    const plan = { file, mark: \`wf.run=\${run} \${step}\` };
    if (found === null) return { found: 'absent', target: \`lock \${file}\`, record: plan };
    if (found === plan.mark) return { found: 'ours', target: \`lock \${file}\`, record: plan, output: { file } };
    return { found: 'foreign', error: heldByAnother(file, found) };
  },

  // What it is about to do is on disk already. It may be killed anywhere: observe then tells what is there.
  async apply(_input, plan, _found, context) {
    await type(['ln', '--symbolic', '--no-target-directory', plan.mark, plan.file], context);
    return plan;
  },

  // Whether there is something to undo. What it throws means "cannot tell", which is not "gone".
  async look({ file, mark }) {
    const found = await targetOf(file);
    if (found === mark) return { found: 'standing' };
    return { found: 'gone', reason: found === null ? 'there is no such lock' : \`it is held by \${found} now\` };
  },

  // Called only where look says "standing". It may be called twice.
  undo: ({ file }, context) => type(['rm', '--force', file], context),
  undoCommands: ({ file }) => [['rm', '--force', file]],
});

/** Where a link leads; null where there is none. A read that fails for another reason is never taken for absence. */
async function targetOf(file: string): Promise<string | null> {
  try {
    return await readlink(file);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT') return null;
    if (code === 'EINVAL') return 'something that is no link';
    throw thrown;
  }
}

/** Runs a command, through the host that wf gives: so it is in the logs, and ended with its run. */
async function type(argv: Argv, context: HostContext): Promise<void> {
  const result = await context.host.command.run(argv, { timeoutMs: 5_000, signal: context.signal });
  context.record(evidenceOf(result));
  if (result.end.type === 'exited' && result.end.exitCode === 0) return;
  throw new WfError('E_HOST_COMMAND', \`\${commandLine(argv)} failed: \${result.stderr.trim() || result.end.type}\`, {
    hint: 'Try the same command by hand.',
  });
}

function heldByAnother(file: string, holder: string): WfError {
  return new WfError('E_NAME_IN_USE', \`\${file} is held by \${holder}\`, {
    hint: 'Wait until it is released, or name another file.',
  });
}
`;
}

/** The text of its test. @param file name of the step runner's file, such as `site-lock` */
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

/** Leaves what it made, so that the test can look at it. */
const workflow = defineWorkflow({
  name: 'try-${file}',
  version: '1',
  description: 'Tries ${kind}',
  input,
  machine,
  keepsChanges: true,
});

test('what it makes is there, and rolling back takes it away', async () => {
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

test("what is somebody else's is left as it is", async () => {
  const { file, engine, end } = await open();
  symlinkSync('somebody else', file);
  const { status, error } = await (await engine.start(workflow, { file })).record;
  assert.deepEqual([status, error?.code], ['failed', 'E_NAME_IN_USE']);
  assert.equal(readlinkSync(file), 'somebody else');
  await end();
});

test('what has vanished by itself needs no undoing', async () => {
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
