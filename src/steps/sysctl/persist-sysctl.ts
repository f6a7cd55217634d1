import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { applyFile, FILE_CHANGE, installCommand, observeFile } from '../file/file-change.ts';
import { attributesOf, contentState } from '../file/file-input.ts';
import { settingNameSchema, settingValueSchema } from './setting-name.ts';

const FOLDER = '/etc/sysctl.d';

const input = z.object({
  name: settingNameSchema.describe('setting, as for `sysctl.set`'),
  value: settingValueSchema.describe('value'),
});
type Input = z.output<typeof input>;

/** Writes a file of its own below /etc/sysctl.d. */
export const persistSysctl = defineStep({
  kind: 'sysctl.persist',
  description:
    'Has the machine set a kernel setting at each start, by a file of its own below /etc/sysctl.d; leaves the running value as it is.',
  input,
  output: z.object({ path: z.string().describe('path of the file') }),
  ...FILE_CHANGE,
  commands: (asked) => [['install', '--mode=0644', '/dev/stdin', pathOf(asked)]],
  rehearse: (asked) => ({ path: pathOf(asked) }),
  rehearseUndo: (asked) => [['rm', pathOf(asked)]],
  async observe(asked, context, earlier) {
    const path = pathOf(asked);
    if (context.host.namespace.holder !== null) {
      throw new WfError(
        'E_STEP_FAILED',
        `${path} cannot be written on a private host, which does not outlive its run`,
        {
          hint: 'Start the run on the machine itself: `wf start --runtime docker`.',
        },
      );
    }
    return observeFile(
      path,
      context,
      earlier,
      async (seen) => {
        if (seen.state.type !== 'absent') throw pathInUse(path);
        const attributes = await attributesOf({ mode: '0644', owner: null, group: null }, seen, context);
        return {
          type: 'file',
          ...(await contentState(contentOf(asked), context)),
          ...attributes,
          modifiedNs: null,
          extended: null,
        };
      },
      () => ({ path }),
    );
  },
  apply: (asked, record, found, context) =>
    applyFile(record, found, context, installCommand('/dev/stdin', record), async () => ({
      type: 'bytes',
      bytes: contentOf(asked),
    })),
});

function pathOf({ name }: Input): string {
  return `${FOLDER}/60-wf-${name.replaceAll('/', '_')}.conf`;
}

function contentOf({ name, value }: Input): Buffer {
  return Buffer.from(`# Written by wf\n${name} = ${value}\n`);
}

function pathInUse(path: string): WfError {
  return new WfError('E_NAME_IN_USE', `${path} exists, and this run did not write it`, {
    hint: 'Undo the run that wrote it (`wf changes`), or move the file away.',
  });
}
