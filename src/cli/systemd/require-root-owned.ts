import path from 'node:path';
import { findWorkflowFiles } from '../../definition/find-files.ts';
import { packageRoot } from '../../definition/package-root.ts';
import { WfError } from '../../engine/model/errors.ts';
import { untrustedPart } from '../../trust/trusted-path.ts';
import type { Places } from '../services/places.ts';
import { wfProgram, workingFolder } from './service-settings.ts';

const ONLY_ROOT: ReadonlySet<number> = new Set([0]);

/**
 * Refuses a service of the system that would execute files which another user than root can write, that of sudo included: the service
 * outlives his sudo.
 * @throws WfError E_UNTRUSTED
 */
export function requireRootOwned({ database, workflowFolders }: Places): void {
  const root = packageRoot();
  const files = [
    process.execPath,
    wfProgram(),
    path.join(path.dirname(wfProgram()), 'program.cjs'),
    path.join(root, 'node_modules'),
    workingFolder(),
    database,
    ...workflowFolders,
    ...findWorkflowFiles(workflowFolders).map(({ file }) => file),
  ];
  for (const file of files) {
    const found = untrustedPart(file, ONLY_ROOT);
    if (found === undefined) continue;
    throw new WfError(
      'E_UNTRUSTED',
      `root would execute files that another user can write: ${found.path} ${found.why}`,
      {
        hint: 'Give the project, wf and node to root (`chown -R root:root`, `chmod -R go-w`), or install the agent as their owner with `wf agent install --user`.',
        details: { path: found.path },
      },
    );
  }
}
