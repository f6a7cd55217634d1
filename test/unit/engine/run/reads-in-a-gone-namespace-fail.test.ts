import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { HostContext } from '../../../../src/engine/workflow/step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { machinePorts } from '../../../../src/runtime/machine-ports.ts';
import { linksAt } from '../../../../src/steps/net/link-target.ts';
import { inNamespaceOf } from '../../../../src/steps/net/place.ts';
import { runId } from '../../../support/in-process/folder-host.ts';

/** A container whose process has ended. */
function endedContainer() {
  const { pid } = spawnSync('true');
  const process = { ...ownProcess(), pid };
  const namespace = { path: `/proc/${pid}/ns/net`, inode: 1, process };
  return { id: 'x', name: 'ended', startedAt: '', pid, namespace };
}

test('concurrent observations of an ended container each fail with E_NAMESPACE_GONE', async () => {
  const context: HostContext = {
    run: runId('r'),
    host: machinePorts({}, '/nonexistent/wf.db'),
    named: () => machinePorts({}, '/nonexistent/wf.db'),
    signal: new AbortController().signal,
    record: () => {},
    progress: () => {},
  };
  const looks = [endedContainer(), endedContainer()].map((container) => linksAt(context, inNamespaceOf(container)));
  for (const result of await Promise.allSettled(looks)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'E_NAMESPACE_GONE' } });
  }
});
