import path from 'node:path';
import { z } from 'zod';
import type { FilePath } from '../../engine/ports/files.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { isSystemdBooted, systemUnitPath } from '../../host/systemd/unit-file.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from '../file/file-change.ts';
import { attributesOf, contentState, fileOutput, fileOutputSchema, requireRegular } from '../file/file-input.ts';
import { IN_PLACE } from '../net/place.ts';
import { readUnitState, runSystemctl, unitNameSchema } from './systemctl.ts';

const MODE = '0644';

const input = z.object({
  name: unitNameSchema,
  dropIn: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*\.conf$/)
    .nullable()
    .default(null)
    .describe(
      'name of a drop-in file in NAME.d, such as `limits.conf`; the folder must exist; null: the unit file itself',
    ),
  content: z.string().describe('whole content of the file'),
});
type Input = z.output<typeof input>;

const record = FILE_CHANGE.record.extend({
  /** Whether systemd was reloaded after the file was written, which systemd itself does not show. */
  isLoaded: z.boolean(),
});
type UnitRecord = z.output<typeof record>;

/** Writes a unit file or a drop-in, and reloads systemd. */
export const writeUnit = defineStep({
  kind: 'systemd.unit',
  description:
    'Writes a unit file or a drop-in and reloads systemd; the undo restores the file, and reloads systemd after it.',
  input,
  output: fileOutputSchema,
  record,
  survivesReboot: true,
  alters: [],
  timeoutMs: 120_000,
  commands: (asked) => [
    ['install', `--mode=${MODE}`, '/dev/stdin', pathOf(asked)],
    ['systemctl', 'daemon-reload'],
  ],
  rehearse: (asked) => ({ path: pathOf(asked), size: Buffer.byteLength(asked.content) }),
  rehearseUndo: (asked) => [
    ['rm', pathOf(asked)],
    ['systemctl', 'daemon-reload'],
  ],
  async observe(asked, context, earlier) {
    const file = pathOf(asked);
    const seen = await observeFile(
      file,
      context,
      earlier,
      async (found, at) => {
        requireRegular(found, at);
        const attributes = await attributesOf({ mode: MODE, owner: null, group: null }, found, context);
        return {
          type: 'file',
          ...(await contentState(Buffer.from(asked.content), context)),
          ...attributes,
          modifiedNs: null,
          extended: null,
        };
      },
      (state) => fileOutput(file, state),
    );
    if (!('record' in seen)) return seen;
    const isLoaded = earlier?.isLoaded ?? false;
    const whole = { ...seen.record, isLoaded };
    if (seen.found === 'ours' && isLoaded) return { ...seen, record: whole };
    return { found: seen.found === 'absent' ? 'absent' : 'partial', target: seen.target, record: whole };
  },
  async apply(asked, intended, found, context) {
    const bytes = Buffer.from(asked.content);
    const content = async () => ({ type: 'bytes', bytes }) as const;
    await applyFile(intended, found, context, installCommand('/dev/stdin', intended), content);
    await reloadSystemd(context);
    return { ...intended, isLoaded: true };
  },
  async inspect(made, context) {
    const seen = await FILE_CHANGE.inspect(made, context);
    if (seen.found !== 'gone') return seen;
    return (await hasMarker(made, context)) ? IN_PLACE : seen;
  },
  async undo(made, context) {
    await createMarker(made, context);
    try {
      await stopMade(made, context);
      await FILE_CHANGE.undo(made, context);
    } catch (thrown) {
      await removeMarker(made, context);
      throw thrown;
    }
    await reloadSystemd(context);
    await removeMarker(made, context);
  },
  undoCommands: (made) => {
    const name = madeUnit(made);
    const stop = name === null ? [] : [['systemctl', 'stop', name] as const];
    return [...stop, ...FILE_CHANGE.undoCommands(made), ['systemctl', 'daemon-reload']];
  },
});

function pathOf({ name, dropIn }: Pick<Input, 'name' | 'dropIn'>): string {
  return systemUnitPath(dropIn === null ? name : `${name}.d/${dropIn}`);
}

/** Returns the unit that did not exist before its file was written; null for a drop-in or another file. A template has no state. */
function madeUnit({ path: file, before }: UnitRecord): string | null {
  const name = path.basename(file);
  return before.type === 'absent' && file === systemUnitPath(name) && !name.includes('@.') ? name : null;
}

/** Stops a unit that the run created before its file is removed: a boot may have started it even if no step has. */
async function stopMade(made: UnitRecord, context: HostContext): Promise<void> {
  const name = madeUnit(made);
  if (name === null || !isSystemdBooted()) return;
  if ((await readUnitState(name, context)).ActiveState === 'inactive') return;
  await runSystemctl(context, 'stop', name);
  if ((await readUnitState(name, context)).ActiveState === 'failed') await runSystemctl(context, 'reset-failed', name);
}

/**
 * Returns the marker, beside the file, of an undo that has not yet reloaded systemd. A restored file has its previous time, so systemd
 * does not notice the change. systemd ignores a file with this name.
 */
function markerOf({ at, draft }: UnitRecord): FilePath {
  return { folder: at.folder, name: `${draft}.reload` };
}

async function hasMarker(made: UnitRecord, { host }: HostContext): Promise<boolean> {
  return (await host.files.inspect(markerOf(made))) !== null;
}

async function createMarker(made: UnitRecord, context: HostContext): Promise<void> {
  if (await hasMarker(made, context)) return;
  const { files, place } = context.host;
  const owner = { uid: place.user, gid: process.getegid?.() ?? 0 };
  await files.createFile(markerOf(made), { type: 'bytes', bytes: Buffer.of() }, { mode: 0o600, ...owner });
}

async function removeMarker(made: UnitRecord, { host }: HostContext): Promise<void> {
  const found = await host.files.inspect(markerOf(made));
  if (found !== null) await host.files.remove(markerOf(made), found);
}

/** In a rescue shell there is no systemd that could have loaded the file. */
async function reloadSystemd(context: HostContext): Promise<void> {
  if (isSystemdBooted()) await runSystemctl(context, 'daemon-reload');
}
