import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { ChangeState, HostContext } from '../../engine/workflow/step.ts';
import { isSystemdBooted, systemUnitPath } from '../../host/systemd/unit-file.ts';
import { digestOf } from '../file/digest.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from '../file/file-change.ts';
import { attributesOf, fileOutput, fileOutputSchema, requireRegular } from '../file/file-input.ts';
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

const record = FILE_CHANGE.record.extend({ unit: z.string() });
type UnitRecord = z.output<typeof record>;

/** Writes a unit file or a drop-in, and lets systemd load it. */
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
  rehearse: (asked) => ({ path: pathOf(asked), ...digestOf(Buffer.from(asked.content)) }),
  rehearseUndo: (asked) => [
    ['rm', pathOf(asked)],
    ['systemctl', 'daemon-reload'],
  ],
  async observe(asked, context, earlier) {
    const unit = asked.name;
    const path = pathOf(asked);
    const seen = await observeFile(
      path,
      context,
      earlier,
      async (found, at) => {
        requireRegular(found, at);
        const attributes = await attributesOf({ mode: MODE, owner: null, group: null }, found, context);
        return {
          type: 'file',
          ...digestOf(Buffer.from(asked.content)),
          ...attributes,
          modifiedNs: null,
          extended: null,
        };
      },
      (state) => fileOutput(path, state),
    );
    if (seen.found === 'absent' || seen.found === 'partial') return { ...seen, record: { ...seen.record, unit } };
    if (seen.found !== 'ours') return seen;
    const { target } = seen;
    const whole = { ...seen.record, unit };
    return (await isLoadedAsWritten(whole, context))
      ? { ...seen, record: whole }
      : { found: 'partial', target, record: whole };
  },
  async apply(asked, intended, _found, context) {
    const bytes = Buffer.from(asked.content);
    await applyFile(intended, context, installCommand('/dev/stdin', intended), async () => ({ type: 'bytes', bytes }));
    await reloadSystemd(context);
    return intended;
  },
  async inspect(made, context): Promise<ChangeState> {
    const seen = await FILE_CHANGE.inspect(made, context);
    if (seen.found === 'gone' && !(await isLoadedAsWritten(made, context))) return { found: 'in place' };
    return seen;
  },
  async undo(made, context) {
    await FILE_CHANGE.undo(made, context);
    await reloadSystemd(context);
  },
  undoCommands: (made) => [...FILE_CHANGE.undoCommands(made), ['systemctl', 'daemon-reload']],
});

function pathOf({ name, dropIn }: Pick<Input, 'name' | 'dropIn'>): string {
  return systemUnitPath(dropIn === null ? name : `${name}.d/${dropIn}`);
}

/** Whether systemd has loaded the files of the unit as they are; in a rescue shell there is no systemd that could have. */
async function isLoadedAsWritten({ unit }: UnitRecord, context: HostContext): Promise<boolean> {
  // A template has no state.
  if (!isSystemdBooted() || unit.includes('@.')) return true;
  return (await readUnitState(unit, context)).NeedDaemonReload === 'no';
}

async function reloadSystemd(context: HostContext): Promise<void> {
  if (isSystemdBooted()) await runSystemctl(context, 'daemon-reload');
}
