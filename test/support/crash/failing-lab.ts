import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Lane } from './lane.ts';
import type { WorkflowSource } from './run-on-disk.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/** The lab as it is shipped. */
export const LAB: WorkflowSource = { name: 'lab-network', file: path.join(ROOT, 'workflows', 'lab-network.ts') };

/** Writes the failing lab into the workflows of a lane. */
export function writeFailingLab(lane: Lane): WorkflowSource {
  const name = 'failing-lab';
  const text = readFileSync(path.join(ROOT, 'test', 'fixtures', 'workflows', `${name}.ts`), 'utf8');
  return {
    name,
    file: lane.write(`workflows/${name}.ts`, text.replace('../../../workflows/lab-network.ts', LAB.file)),
  };
}
