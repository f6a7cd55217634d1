import { expect, test } from 'vitest';
import { createProgressView } from '../../../src/cli/output/progress-view.ts';
import { WfError } from '../../../src/engine/model/errors.ts';
import { progressFrame } from '../../../src/review/text/progress-frame.ts';
import { createProgressFollower } from '../../../src/review/timeline/progress.ts';
import { testTerminal } from '../../fixtures/cli/test-terminal.ts';
import { RECORDED } from '../../fixtures/review/recorded-lab-run.ts';
import { screenOf } from '../../support/command/screen.ts';
import { runId } from '../../support/in-process/folder-host.ts';
import { simulatedClock } from '../../support/in-process/simulated-clock.ts';

test('the terminal shows only the current frame, whether it grows or shrinks', () => {
  const { err, written } = testTerminal({ columns: 80, env: { NO_COLOR: '1' } });
  const clock = simulatedClock(RECORDED.journal[0]?.at ?? 0);
  const { progress, follow } = createProgressFollower();
  const view = createProgressView(err, clock, RECORDED.stages);
  view.print('run r1 of lab-network');
  for (const [index, entry] of RECORDED.journal.entries()) {
    follow({ ...entry, seq: index + 1 });
    view.observer.committed?.({ ...entry, seq: index + 1 });
    clock.step();
    const picture = {
      progress,
      stageNames: RECORDED.stages,
      notes: new Map(),
      now: clock.now(),
      frame: index + 1,
      height: 24,
    };
    const shown = ['run r1 of lab-network', ...progressFrame(picture, err.style)];
    expect(screenOf(written.err).join('\n').trimEnd()).toBe(shown.join('\n'));
  }
  view.print('a line that stays');
  view.end();
  err.write('what follows\n');
  const error = new WfError('E_HOST_COMMAND', '`notifier` failed with exit code 7: no\nnetwork', { hint: '' });
  view.observer.notNotified?.({ run: runId('r1'), reason: 'failed' }, error);
  const [first, second, ...rest] = screenOf(written.err);
  expect([first, second]).toEqual(['run r1 of lab-network', 'a line that stays']);
  expect(rest.filter((line) => line !== '')).toHaveLength(RECORDED.stages.length + 2);
  expect(rest[RECORDED.stages.length + 1]).toMatch(/^warning E_HOST_COMMAND: run r1: not notified \(failed\): /);
  expect(rest[RECORDED.stages.length]).toBe('what follows');
});
