import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { defineStep } from '../../../src/engine/workflow/define-step.ts';

/** Returns a step that makes a file in this folder which is meant to stay, as a pulled image is. */
export function stayingStep(folder: string) {
  const at = (name: string) => path.join(folder, name);
  return defineStep({
    kind: 'test.staying',
    description: 'makes a file that stays',
    input: z.object({ name: z.string() }),
    output: z.null(),
    record: z.object({ name: z.string() }),
    kept: 'it is of use to others',
    survivesReboot: true,
    commands: () => [],
    rehearse: () => null,
    async observe({ name }) {
      const seen = { target: `file ${name}`, record: { name } };
      return existsSync(at(name)) ? { found: 'ours', ...seen, output: null } : { found: 'absent', ...seen };
    },
    async apply(_input, record) {
      writeFileSync(at(record.name), '');
      return record;
    },
    async inspect({ name }) {
      // The answer takes a turn of the event loop, in which the run can be interrupted.
      await new Promise((resolve) => setImmediate(resolve));
      return existsSync(at(name)) ? { found: 'in place' } : { found: 'gone', reason: 'not there' };
    },
    async undo({ name }) {
      rmSync(at(name));
    },
    undoCommands: ({ name }) => [['rm', name]],
  });
}
