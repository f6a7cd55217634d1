import { WfError } from '../../engine/model/errors.ts';
import { allPids } from '../processes/process.ts';
import { type NamespaceOfProcess, namespaceOfPid } from './namespace.ts';

/**
 * Returns the network namespaces of this machine's processes by inode, each with the processes that lead to it. Skips processes that
 * wf may not inspect.
 * @throws WfError E_HOST_STATE_UNKNOWN if /proc cannot be read.
 */
export function networkNamespacesInUse(): ReadonlyMap<number, readonly NamespaceOfProcess[]> {
  const found = new Map<number, NamespaceOfProcess[]>();
  for (const pid of allPids()) {
    const namespace = namespaceIfReadable(pid);
    if (namespace === undefined) continue;
    const ways = found.get(namespace.inode);
    if (ways === undefined) found.set(namespace.inode, [namespace]);
    else ways.push(namespace);
  }
  return found;
}

function namespaceIfReadable(pid: number): NamespaceOfProcess | undefined {
  try {
    return namespaceOfPid(pid);
  } catch (thrown) {
    if (thrown instanceof WfError && (thrown.code === 'E_NAMESPACE_GONE' || thrown.code === 'E_PERMISSION')) {
      return undefined;
    }
    throw thrown;
  }
}
