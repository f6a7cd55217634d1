import { expect, test } from 'vitest';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { dockerNetwork } from '../../../src/steps/docker/index.ts';
import { describeDocker, docker, dockerKnows, engineId, linkNames } from '../../support/engines/docker-tests.ts';
import { tool } from '../../support/host/host-state.ts';
import { changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

/** A clock that runs 20 times as fast: 5 s pass in 250 ms. */
function quickContext() {
  const speed = 20;
  const clock: Clock = {
    now: () => systemClock.now() * speed,
    sinceBoot: systemClock.sinceBoot,
    after: (delayMs, callback) => systemClock.after(delayMs / speed, callback),
  };
  return testContext({ run: 'dkleft', host: { clock } });
}

describeDocker('an engine that removes a network but leaves its bridge', () => {
  test('makes the undo fail, and the error names the bridge and how to remove it', async () => {
    // Docker leaves a bridge that it did not create.
    await tool('ip', 'link', 'add', 'dkleft', 'type', 'bridge');
    try {
      const option = ['--opt', 'com.docker.network.bridge.name=dkleft'];
      const id = await docker('network', 'create', '--label', 'wf.run=dkleft', ...option, 'dkleft-devops');
      const undo = changeOf(dockerNetwork).undo(
        { name: 'dkleft-devops', id, engine: await engineId() },
        quickContext(),
      );
      await expect(undo).rejects.toMatchObject({
        code: 'E_RESIDUE',
        message: expect.stringContaining('its bridge dkleft is still there'),
        hint: expect.stringContaining('`ip link delete dkleft`'),
      });
      expect(await dockerKnows('network', id)).toBe(false);
      expect(await linkNames()).toContain('dkleft');
    } finally {
      await tool('ip', 'link', 'delete', 'dkleft');
    }
  });
});
