import { expect, test } from 'vitest';
import type { Clock } from '../../src/engine/ports/clock.ts';
import { systemClock } from '../../src/host/machine/clock.ts';
import { dockerNetwork } from '../../src/steps/docker/index.ts';
import { changeOf } from '../support/carry-out.ts';
import { describeDocker, docker, dockerKnows, linkNames } from '../support/docker-tests.ts';
import { tool } from '../support/host-state.ts';
import { testContext } from '../support/step-context.ts';

/** Its five seconds of patience pass in a quarter of one. */
function quickContext() {
  const speed = 20;
  const clock: Clock = {
    now: () => systemClock.now() * speed,
    after: (delayMs, callback) => systemClock.after(delayMs / speed, callback),
  };
  return testContext({ run: 'dkleft', host: { clock } });
}

describeDocker('an engine that says the network is removed', () => {
  test('and leaves its bridge is not believed: the bridge is named, with what removes it', async () => {
    // A bridge that Docker did not make itself is one that it surely leaves.
    await tool('ip', 'link', 'add', 'dkleft', 'type', 'bridge');
    try {
      const option = ['--opt', 'com.docker.network.bridge.name=dkleft'];
      const id = await docker('network', 'create', '--label', 'wf.run=dkleft', ...option, 'dkleft-devops');
      const undo = changeOf(dockerNetwork).undo({ name: 'dkleft-devops', id }, quickContext());
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
