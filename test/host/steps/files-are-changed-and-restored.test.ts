import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toJson } from '../../../src/engine/model/json.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import { createContentKey } from '../../../src/host/files/content-key.ts';
import { createFiles } from '../../../src/host/files/create-files.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { createRuntimes } from '../../../src/runtime/runtimes.ts';
import {
  copyFile,
  createFolder,
  createSymlink,
  editLine,
  removeFile,
  writeFile,
} from '../../../src/steps/file/index.ts';
import { ACL, CAPABILITY, filesIn, ownFolder, setExtended } from '../../support/host/own-files.ts';
import { mountSmallDisk } from '../../support/host/small-disk.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { runId } from '../../support/in-process/folder-host.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { stopEverywhere, undo } from '../../support/in-process/stopped.ts';
import { inTurn } from '../../support/rotation.ts';

const isRoot = process.getuid?.() === 0;

/** A folder with files of every kind, and the context of a step whose copies are kept beside it. */
function world() {
  const root = ownFolder();
  const folder = path.join(root, 'etc');
  const at = (name: string) => path.join(folder, name);
  const model = path.join(root, 'model');
  makeFiles(model);
  function fill(): void {
    rmSync(folder, { recursive: true, force: true });
    execFileSync('cp', ['--archive', model, folder]);
  }
  fill();
  return { root, folder, at, fill, context: () => testContext({ database: path.join(root, 'wf.db') }) };
}

function makeFiles(folder: string): void {
  const at = (name: string) => path.join(folder, name);
  mkdirSync(at('sub'), { recursive: true });
  writeFileSync(at('conf'), 'one\n# two\nthree=3\nfour');
  chownSync(at('conf'), 12, 34);
  chmodSync(at('conf'), 0o4750);
  setExtended(at('conf'), {
    'user.note': Buffer.from('\xff=\n', 'latin1'),
    'trusted.note': Buffer.from('x'),
    'security.capability': CAPABILITY,
    'system.posix_acl_access': ACL,
  });
  execFileSync('touch', ['--date=@1234567890.123456789', at('conf')]);
  writeFileSync(at('plain'), Buffer.from('a\xff\nb\n', 'latin1'), { mode: 0o640 });
  symlinkSync('plain', at('current'));
  execFileSync('touch', ['--no-dereference', '--date=@-3.5', at('current')]);
}

type World = ReturnType<typeof world>;

interface Case {
  readonly name: string;
  readonly actor: { readonly runner: StepActor<never, unknown>['runner'] };
  readonly input: (at: World['at']) => unknown;
  readonly made: (at: World['at']) => void;
  /** The number of touches of apply and of undo. */
  readonly touches: readonly [apply: number, undo: number];
}

const text = (file: string) => readFileSync(file, 'latin1');

const CASES: readonly Case[] = [
  {
    name: 'file.write of a new file',
    actor: writeFile,
    input: (at) => ({ path: at('new'), content: 'hello\n', mode: '0640', owner: '7', group: '8' }),
    made: (at) =>
      expect(filesIn(at('.'))).toMatchObject({
        new: { content: 'hello\n', mode: '100640', uid: 7, gid: 8, links: 1 },
      }),
    touches: [2, 2],
  },
  {
    name: 'file.write over a file with extended attributes',
    actor: writeFile,
    input: (at) => ({
      path: at('conf'),
      template: 'port={{ port }}\n{{name}}\n',
      values: { port: 80, name: '{{port}}' },
    }),
    made(at) {
      const made = filesIn(at('.'));
      const content = 'port=80\n{{port}}\n';
      expect(made['conf']).toMatchObject({ content, mode: '104750', uid: 12, gid: 34, links: 1 });
      expect(made['extended']).toEqual(filesIn(at('../model'))['extended']);
    },
    touches: [7, 6],
  },
  {
    name: 'file.line, replaced by its prefix',
    actor: editLine,
    input: (at) => ({ path: at('plain'), line: 'bb=\u00fc', prefix: 'b' }),
    made: (at) => expect(text(at('plain'))).toBe('a\xff\nbb=\xc3\xbc\n'),
    touches: [4, 4],
  },
  {
    name: 'file.line, removed from a file that is no UTF-8',
    actor: editLine,
    input: (at) => ({ path: at('plain'), line: 'b', state: 'absent' }),
    made: (at) => expect(text(at('plain'))).toBe('a\xff\n'),
    touches: [4, 4],
  },
  {
    name: 'file.copy over a file',
    actor: copyFile,
    input: (at) => ({ source: at('conf'), path: at('plain'), mode: '0600' }),
    made: (at) => expect(filesIn(at('.'))['plain']).toMatchObject({ content: text(at('conf')), mode: '100600' }),
    touches: [4, 4],
  },
  {
    name: 'file.remove of a file',
    actor: removeFile,
    input: (at) => ({ path: at('conf') }),
    made: (at) => expect(existsSync(at('conf'))).toBe(false),
    touches: [4, 5],
  },
  {
    name: 'file.remove of a link',
    actor: removeFile,
    input: (at) => ({ path: at('current') }),
    made: (at) => expect(Object.keys(filesIn(at('.')))).toEqual(['conf', 'plain', 'sub', 'extended']),
    touches: [1, 3],
  },
  {
    name: 'file.link that led elsewhere',
    actor: createSymlink,
    input: (at) => ({ path: at('current'), target: '../nowhere' }),
    made: (at) => expect(filesIn(at('.'))['current']).toMatchObject({ target: '../nowhere' }),
    touches: [2, 3],
  },
  {
    name: 'file.folder',
    actor: createFolder,
    input: (at) => ({ path: at('sub/made'), mode: '2770', group: '5' }),
    made: (at) => expect(filesIn(at('.'))['sub/made']).toMatchObject({ mode: '42770', gid: 5 }),
    touches: [2, 1],
  },
];

describe.runIf(isRoot)('a change of a file', () => {
  it.for(inTurn(CASES, 5))(
    '$name: stopped at any touch, it is resumed and undone exactly',
    async ({ actor, input, made, touches }) => {
      const { folder, at, fill, context } = world();
      const stops = await stopEverywhere(
        {
          actor,
          prepare: async () => {
            fill();
            return input(at);
          },
          remove: async () => {},
          state: async () => filesIn(folder),
          expectMade: async () => made(at),
          context,
        },
        (after, before, what) => expect(after, what).toEqual(before),
      );
      expect([stops.resumed, stops.undone, stops.undoneAgain]).toEqual([touches[0], touches[0], touches[1]]);
    },
  );

  it('is completed after a kill inside of a touch: a draft half written, and a second name not yet removed', async () => {
    const { folder, at, context } = world();
    const before = filesIn(folder);
    const input = { path: at('new'), content: 'hello\n' };
    const behaviour = changeOf(writeFile);
    const seen = await behaviour.observe(writeFile.runner.parseInput(input), context(), undefined);
    const intent = z.looseObject({ draft: z.string() }).parse('record' in seen ? seen.record : null);
    const draft = at(intent.draft);
    expect(intent.draft).toMatch(/^\.wf-testrun-step-/);
    writeFileSync(draft, 'hel');
    expect(await behaviour.inspect(toJson(intent), context())).toEqual({ found: 'in place' });
    await undo(behaviour, toJson(intent), context());
    expect(filesIn(folder)).toEqual(before);
    writeFileSync(draft, 'hel');
    const done = await carryOut(writeFile, input, context(), toJson(intent));
    expect(text(at('new'))).toBe('hello\n');
    linkSync(at('new'), draft);
    expect(await carryOut(writeFile, input, context(), done.record)).toMatchObject({ found: 'partial' });
    expect(existsSync(draft)).toBe(false);
    await undo(behaviour, done.record, context());
    expect(filesIn(folder)).toEqual(before);
  });

  it('is not recorded if the file is already as requested', async () => {
    const { at, context } = world();
    const input = { path: at('plain'), content: 'x', mode: '0640' };
    await carryOut(writeFile, input, context());
    const again = [
      carryOut(writeFile, input, context()),
      carryOut(editLine, { path: at('plain'), line: 'x', prefix: 'x' }, context()),
      carryOut(copyFile, { source: at('plain'), path: at('plain') }, context()),
      carryOut(removeFile, { path: at('none') }, context()),
      carryOut(createSymlink, { path: at('current'), target: 'plain' }, context()),
      carryOut(createFolder, { path: at('sub'), mode: '0755' }, context()),
    ];
    expect((await Promise.all(again)).map(({ found }) => found)).toEqual(again.map(() => 'unchanged'));
  });

  it.for<readonly [string, (file: string) => void]>([
    ['its content', (file) => writeFileSync(file, 'edited\n', { flag: 'a' })],
    [
      'its content, by a new file',
      (file) => {
        rmSync(file);
        writeFileSync(file, 'new\n', { mode: 0o4750 });
      },
    ],
    ['its mode', (file) => chmodSync(file, 0o600)],
    ['its owner', (file) => chownSync(file, 13, 34)],
    ['its extended attributes', (file) => setExtended(file, { 'user.note': Buffer.from('edited') })],
    [
      'its place: it is a link now',
      (file) => {
        rmSync(file);
        symlinkSync('plain', file);
      },
    ],
    ['its place: it is gone', (file) => rmSync(file)],
  ])('that somebody edits afterwards is left to a person: %s', async ([, edit]) => {
    const { folder, at, context } = world();
    const behaviour = changeOf(writeFile);
    const { record } = await carryOut(writeFile, { path: at('conf'), content: 'mine\n' }, context());
    edit(at('conf'));
    const edited = filesIn(folder);
    const error = {
      code: 'E_FILE_CHANGED',
      hint: expect.stringContaining('install --mode=4750 --owner=12 --group=34'),
    };
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'unknown', error });
    await expect(behaviour.undo(record, context())).rejects.toMatchObject(error);
    expect(filesIn(folder)).toEqual(edited);
  });

  it('is undone by hand with the commands that it names', async () => {
    const { folder, at, fill, context } = world();
    for (const [noun, actor, input] of [
      ['file', writeFile, { path: at('plain'), content: 'mine\n' }],
      ['link', createSymlink, { path: at('current'), target: 'sub' }],
      ['folder', createFolder, { path: at('sub/made') }],
      ['file', removeFile, { path: at('plain') }],
      ['link', removeFile, { path: at('current') }],
    ] as const) {
      fill();
      const before = filesIn(folder);
      const behaviour = changeOf(actor);
      const seen = await behaviour.observe(actor.runner.parseInput(input), context(), undefined);
      if (seen.found !== 'absent') throw new Error(seen.found);
      expect(seen.target).toBe(`${noun} ${input.path}`);
      const record = await behaviour.apply(actor.runner.parseInput(input), seen.record, 'absent', context());
      for (const [program, ...args] of behaviour.undoCommands(record)) execFileSync(program, args);
      expect(withoutTimes(filesIn(folder))).toEqual(withoutTimes(before));
      expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
    }
  });

  it('of a folder is not undone while somebody has a file in it', async () => {
    const { at, context } = world();
    const { record } = await carryOut(createFolder, { path: at('sub/made') }, context());
    writeFileSync(at('sub/made/theirs'), '');
    await expect(changeOf(createFolder).undo(record, context())).rejects.toMatchObject({
      code: 'E_FILE',
      message: expect.stringContaining('ENOTEMPTY'),
    });
    rmSync(at('sub'), { recursive: true });
    expect(await changeOf(createFolder).inspect(record, context())).toMatchObject({ found: 'gone' });
  });

  it('is refused, and touches nothing, if it could not be undone or would follow a link', async () => {
    const { folder, root, at, context } = world();
    symlinkSync('etc', path.join(root, 'way'));
    linkSync(at('plain'), at('second'));
    execFileSync('mkfifo', [at('pipe')]);
    mkdirSync(at('shared'));
    chmodSync(at('shared'), 0o777);
    mkdirSync(at('theirs'));
    chownSync(at('theirs'), 1234, 0);
    symlinkSync(at('sub'), at('theirs/link'));
    writeFileSync(at('twice'), 'a=1\na=2\n');
    const before = filesIn(folder);
    const refused: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => carryOut(writeFile, { path: at('current'), content: '' }, context()), 'is a symbolic link to plain'],
      [() => carryOut(writeFile, { path: at('sub'), content: '' }, context()), 'is a folder'],
      [() => carryOut(writeFile, { path: at('second'), content: '' }, context()), 'has 2 hard links'],
      [() => carryOut(removeFile, { path: at('second') }, context()), 'has 2 hard links'],
      [() => carryOut(writeFile, { path: at('pipe'), content: '' }, context()), 'is a device, a socket or a pipe'],
      [() => carryOut(writeFile, { path: at('shared/x'), content: '' }, context()), 'is writable by everybody'],
      [() => carryOut(writeFile, { path: at('theirs/x'), content: '' }, context()), 'belongs to uid 1234'],
      [() => carryOut(writeFile, { path: at('theirs/link/x'), content: '' }, context()), 'belongs to uid 1234'],
      [() => carryOut(writeFile, { path: at('none/x'), content: '' }, context()), 'ENOENT'],
      [() => carryOut(writeFile, { path: at('plain/x'), content: '' }, context()), 'ENOTDIR'],
      [
        () => carryOut(writeFile, { path: at('new'), content: '', owner: 'nobody-has-this-name' }, context()),
        'there is no user',
      ],
      [() => carryOut(writeFile, { path: at('new'), template: '{{a}}' }, context()), '{{a}}'],
      [() => carryOut(writeFile, { path: at('new'), template: '', values: { b: 1 } }, context()), '{{b}}'],
      [() => carryOut(removeFile, { path: at('sub') }, context()), 'is a folder'],
      [() => carryOut(createSymlink, { path: at('plain'), target: 'x' }, context()), 'is no symbolic link'],
      [() => carryOut(createFolder, { path: at('sub'), mode: '0700' }, context()), 'is no folder with this mode'],
      [() => carryOut(editLine, { path: at('twice'), line: 'a=3', prefix: 'a=' }, context()), 'has 2 lines'],
      [() => carryOut(editLine, { path: at('none'), line: 'x' }, context()), 'there is no file'],
      [() => carryOut(copyFile, { source: at('current'), path: at('new') }, context()), 'is no regular file'],
    ];
    for (const [asked, message] of refused) await expect(asked(), message).rejects.toThrow(message);
    expect(filesIn(folder)).toEqual(before);
    // A link on the way is followed once, and the folder that it leads to is recorded.
    const { record } = await carryOut(writeFile, { path: path.join(root, 'way/new'), content: '' }, context());
    expect(record).toMatchObject({ at: { folder: { path: folder }, name: 'new' } });
    rmSync(path.join(root, 'way'));
    symlinkSync('/', path.join(root, 'way'));
    await undo(changeOf(writeFile), record, context());
    expect(filesIn(folder)).toEqual(before);
  });

  it('is never applied or undone in another folder that has replaced the first', async () => {
    const { folder, root, at, context } = world();
    const behaviour = changeOf(writeFile);
    const { record } = await carryOut(writeFile, { path: at('new'), content: 'x' }, context());
    renameSync(folder, path.join(root, 'moved'));
    mkdirSync(folder);
    writeFileSync(at('new'), 'x');
    const error = { code: 'E_FILE', message: expect.stringContaining('another folder') };
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'unknown', error });
    await expect(behaviour.undo(record, context())).rejects.toMatchObject(error);
    expect(text(at('new'))).toBe('x');
  });

  it('replaces only the file that was observed: a change at the last moment wins', async () => {
    const { at, context } = world();
    const { files } = context().host;
    const place = await files.locate(at('plain'));
    const draft = { ...place, name: 'draft' };
    await files.createFile(draft, { type: 'bytes', bytes: Buffer.from('mine') }, { mode: 0o600, uid: 0, gid: 0 });
    const found = await files.inspect(place);
    writeFileSync(at('plain'), 'theirs');
    await expect(files.place(draft, 'plain', found)).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
    await expect(files.place(draft, 'plain', null)).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
    if (found !== null) await expect(files.remove(place, found)).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
    expect(text(at('plain'))).toBe('theirs');
  });

  it('records no digest by which guesses of a short content could be tested without the key', async () => {
    const { folder, root, at, context } = world();
    const key = path.join(root, 'wf.db.kept/.key');
    const first = context();
    const { record, output } = await carryOut(writeFile, { path: at('plain'), content: 'pin=1234\n' }, first);
    const sha256 = createHash('sha256').update('pin=1234\n').digest('hex');
    expect(JSON.stringify([record, output, first.evidence])).not.toContain(sha256);
    expect([statSync(key).mode & 0o777, statSync(key).size]).toEqual([0o600, 32]);
    const { files } = context().host;
    const digest = await files.digestOf(Buffer.from('pin=1234\n'));
    expect(JSON.stringify(record)).toContain(digest);
    const drafts = readdirSync(path.dirname(key)).filter((name) => name !== '.key' && name.startsWith('.'));
    expect(drafts).toEqual([]);

    const made = filesIn(folder);
    const saved = readFileSync(key);
    rmSync(key);
    await expect(changeOf(writeFile).undo(record, context())).rejects.toMatchObject({ code: 'E_FILE_CHANGED' });
    expect(filesIn(folder)).toEqual(made);
    expect(await context().host.files.digestOf(Buffer.from('pin=1234\n'))).not.toBe(digest);
    writeFileSync(key, saved.subarray(1));
    await expect(changeOf(writeFile).undo(record, context())).rejects.toThrow('has 31 bytes instead of 32');
    writeFileSync(key, saved);
    await changeOf(writeFile).undo(record, context());
    expect(text(at('plain'))).toBe('a\xff\nb\n');
  });

  it('gives a process that was overtaken while it created the key the key of the other', () => {
    const { root } = world();
    const first = createContentKey(root);
    expect(Buffer.from(createContentKey(root))).toEqual(Buffer.from(first));
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual(['.key']);
  });

  it('is refused if somebody has made the file as requested since it was observed, and does not touch it', async () => {
    const { root, at, context } = world();
    const { observe, apply } = changeOf(writeFile);
    const input = writeFile.runner.parseInput({ path: at('plain'), content: 'as asked' });
    const seen = await observe(input, context(), undefined);
    if (seen.found !== 'absent') throw new Error(seen.found);
    const another = testContext({ run: 'another', database: path.join(root, 'wf.db') });
    await carryOut(writeFile, { path: at('plain'), content: 'as asked' }, another);
    await expect(apply(input, seen.record, 'absent', context())).rejects.toMatchObject({
      code: 'E_FILE_CHANGED',
      untouched: true,
    });
    expect(text(at('plain'))).toBe('as asked');
  });

  it('keeps the previous file readable by its user only, and refuses a copy that was altered', async () => {
    const { root, at, context } = world();
    const { record } = await carryOut(writeFile, { path: at('plain'), content: 'mine' }, context());
    const { kept } = z.looseObject({ kept: z.string() }).parse(record);
    expect(kept.startsWith(path.join(root, 'wf.db.kept/testrun/'))).toBe(true);
    expect([statSync(kept).mode & 0o777, statSync(path.dirname(kept)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(JSON.stringify(record)).not.toContain('mine');
    writeFileSync(kept, 'altered');
    await expect(changeOf(writeFile).undo(record, context())).rejects.toThrow('was changed');
    expect([text(at('plain')), existsSync(at('.wf-testrun'))]).toEqual(['mine', false]);
    rmSync(kept);
    await expect(changeOf(writeFile).undo(record, context())).rejects.toThrow('cannot be read');
  });

  it('is one of the files of a private host, and gone with it', async () => {
    const { root } = world();
    const run = { id: runId(`files-${process.pid}`), createdAt: Date.now() };
    const ports = machinePorts(process.env, path.join(root, 'wf.db'));
    const host = await createRuntimes(ports).embedded.open(run, null);
    const context = () => testContext({ host: host.ports });
    const input = { path: '/run/wf-test-file', content: 'private\n' };
    try {
      const first = await carryOut(writeFile, input, context());
      const { stdout } = await host.ports.command.run(['cat', input.path], { timeoutMs: 5_000 });
      expect([stdout, existsSync(input.path)]).toEqual(['private\n', false]);
      await undo(changeOf(writeFile), first.record, context());
      await expect(carryOut(writeFile, { path: '/etc/wf-test-file', content: '' }, context())).rejects.toThrow('EROFS');
      const { record } = await carryOut(writeFile, input, context());
      await host.end();
      expect(await changeOf(writeFile).inspect(record, context())).toMatchObject({ found: 'gone' });
    } finally {
      await host.end();
      host.close();
    }
  });

  it('leaves nothing half done on a full disk, a read-only one, and over an immutable file', async () => {
    const { root, context } = world();
    const disk = await mountSmallDisk(path.join(root, 'disk'), 1);
    const through = disk.at('').slice(0, -disk.folder.length);
    const { host } = context();
    const files = createFiles(() => through, path.join(root, 'wf.db.kept'));
    const onDisk = (step = 'step') => testContext({ step, host: { ...host, files } });
    const file = path.join(disk.folder, 'conf');
    writeFileSync(disk.at('conf'), 'before\n');
    const long = { path: file, content: 'x'.repeat(64 * 1024) };
    const { record } = await carryOut(writeFile, { path: file, content: 'after\n' }, onDisk());
    disk.fill();
    await expect(carryOut(writeFile, long, onDisk('long'))).rejects.toMatchObject({
      code: 'E_FILE',
      hint: expect.stringContaining('df'),
    });
    expect([disk.names(), text(disk.at('conf'))]).toEqual([['ballast', 'conf'], 'after\n']);
    const bytes = Buffer.from(long.content);
    const other = await files.locate(path.join(disk.folder, 'other'));
    await expect(files.createFile(other, { type: 'bytes', bytes }, { mode: 0o600, uid: 0, gid: 0 })).rejects.toThrow();
    expect(disk.names()).toEqual(['ballast', 'conf']);
    disk.makeRoom();
    await disk.remount('ro');
    await expect(undo(changeOf(writeFile), record, onDisk())).rejects.toThrow('EROFS');
    await disk.remount('rw');
    execFileSync('chattr', ['+i', disk.at('conf')]);
    const hint = expect.stringContaining('chattr -i');
    for (const attempt of [
      () => carryOut(writeFile, long, onDisk('long')),
      () => carryOut(removeFile, { path: file }, onDisk('remove')),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'E_PERMISSION', hint });
    }
    expect(disk.names()).toEqual(['conf']);
    execFileSync('chattr', ['-i', disk.at('conf')]);
    await undo(changeOf(writeFile), record, onDisk());
    expect(text(disk.at('conf'))).toBe('before\n');
  });
});

function withoutTimes(files: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(JSON.stringify(files, (key, value: unknown) => (key === 'mtimeNs' ? undefined : value)));
}
