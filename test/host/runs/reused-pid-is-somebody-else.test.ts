import { expect, it } from 'vitest';
import { PROCESS_MARK_VARIABLE, processMarkText } from '../../../src/engine/model/identity/process-mark.ts';
import { asStepId } from '../../../src/engine/model/ids.ts';
import { ownProcess } from '../../../src/host/processes/process.ts';
import { startChild } from '../../fixtures/history/child.ts';
import { runId } from '../../fixtures/history/samples.ts';
import { canActAsOrdinaryUser, ORDINARY_USER } from '../../support/command/ordinary-user.ts';
import { describeOwnNetwork } from '../../support/host/own-network.ts';
import { running, startForTest, untilRunning } from '../../support/host/processes.ts';

describeOwnNetwork('a foreign process', () => {
  it('is never signalled, and its network namespace never entered, if it has a reused pid', async () => {
    const wf = startChild('host/reuse-a-pid', [], ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']);
    expect(JSON.parse(await wf.line(1))).toEqual({
      samePid: true,
      sameInode: true,
      alive: false,
      signalled: false,
      opened: 'E_NAMESPACE_GONE',
      signal: 'SIGTERM',
    });
  });

  it.skipIf(!canActAsOrdinaryUser())('is skipped if it belongs to another user and wf may not inspect it', async () => {
    const run = runId(`other-user-${process.pid}`);
    const mark = processMarkText({ run, step: asStepId('s'), attempt: 1, owner: ownProcess() });
    const pid = startForTest(['sleep', '191.25'], { [PROCESS_MARK_VARIABLE]: mark });
    await untilRunning('sleep 191.25');
    const ordinary = startChild('host/end-orphans', [run], ORDINARY_USER);
    expect(JSON.parse(await ordinary.line(1))).toEqual({ found: [] });
    expect(running('sleep 191.25')).toEqual([pid]);
    const root = startChild('host/end-orphans', [run]);
    expect(JSON.parse(await root.line(1))).toEqual({ found: [pid] });
  });
});
