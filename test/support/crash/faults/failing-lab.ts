import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Lane } from '../lane.ts';
import type { WorkflowSource } from '../run-on-disk.ts';

const ROOT = path.join(import.meta.dirname, '../../../..');

/** The lab as it is shipped. */
export const LAB: WorkflowSource = { name: 'lab-network', file: path.join(ROOT, 'workflows', 'lab-network.ts') };

/** The lab of the second chapter as it is shipped. */
export const OVERLAY: WorkflowSource = { name: 'lab-overlay', file: path.join(ROOT, 'workflows', 'lab-overlay.ts') };

/** Writes the failing variant of a lab into the workflows of a lane. */
export function writeFailing(lab: WorkflowSource, lane: Lane): WorkflowSource {
  const name = lab === OVERLAY ? 'failing-overlay' : 'failing-lab';
  const text = readFileSync(path.join(ROOT, 'test', 'fixtures', 'workflows', `${name}.ts`), 'utf8');
  return {
    name,
    file: lane.write(`workflows/${name}.ts`, text.replace(`../../../workflows/${lab.name}.ts`, lab.file)),
  };
}
