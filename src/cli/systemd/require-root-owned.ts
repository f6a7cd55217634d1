import { findWorkflowFiles } from '../../definition/find-files.ts';
import { WfError } from '../../engine/model/errors.ts';
import { programFiles } from '../../library/program-files.ts';
import { writableByOthers } from '../../trust/root-owned.ts';
import type { Places } from '../services/places.ts';
import { workingFolder } from './service-settings.ts';

/**
 * Refuses a system service that would execute files that a user other than root can write.
 * @throws WfError E_UNTRUSTED
 */
export function requireRootOwned({ database, workflowFolders }: Places): void {
  const workflows = findWorkflowFiles(workflowFolders).map(({ file }) => file);
  const found = writableByOthers([...programFiles(), workingFolder(), database, ...workflowFolders, ...workflows]);
  if (found === undefined) return;
  throw new WfError('E_UNTRUSTED', `root would execute files that another user can write: ${found.path} ${found.why}`, {
    hint: 'Give the project, wf and node to root (`chown -R root:root`, `chmod -R go-w`), or install the agent as their owner, without sudo.',
    details: { path: found.path },
  });
}
