import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerImage } from '../../../src/steps/docker/index.ts';
import { describeDocker, docker, dockerKnows, engineId, removeContainers } from '../../support/engines/docker-tests.ts';
import { askAndDie } from '../../support/engines/killed-client.ts';
import { openRegistry, type TestRegistry } from '../../support/engines/registry.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';
import { undo } from '../../support/in-process/stopped.ts';
import { inTurn } from '../../support/rotation.ts';

describeDocker('an image that a run pulled', () => {
  const behaviour = changeOf(dockerImage);
  const context = () => testContext({ run: 'dkpull' });
  let registry: TestRegistry;
  const here = () => dockerKnows('image', registry.reference);

  beforeEach(async () => {
    registry = await openRegistry('dkpull');
  });
  afterEach(async () => {
    await removeContainers({ name: 'dkpull-' });
    for (const tag of [registry.reference, 'dkpull/tag:2']) {
      if (await dockerKnows('image', tag)) await docker('image', 'rm', '--force', tag);
    }
    await registry.close();
  });
  const pull = () => carryOut(dockerImage, { reference: registry.reference }, context());

  test('is a kept change that can be undone', async () => {
    const { found, record, output } = await pull();
    expect([found, output.pulled, behaviour.kept === null]).toEqual(['absent', true, false]);
    expect(await behaviour.inspect(record, context())).toEqual({ found: 'in place' });
    await undo(behaviour, record, context());
    expect(await here()).toBe(false);
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
  });

  test('is not removed while a foreign container uses it', async () => {
    const { record } = await pull();
    await docker('create', '--name', 'dkpull-guest', registry.reference);
    await expect(behaviour.undo(record, context())).rejects.toMatchObject({
      code: 'E_DOCKER',
      message: expect.stringMatching(/container [0-9a-f]{12} is using/),
      hint: expect.stringContaining('remove the container that uses it'),
    });
    expect(await here()).toBe(true);
    expect(await dockerKnows('container', 'dkpull-guest')).toBe(true);
    await docker('rm', 'dkpull-guest');
    await undo(behaviour, record, context());
    expect(await here()).toBe(false);
  });

  test('is not removed if its name now refers to another image', async () => {
    const { record } = await pull();
    await docker('tag', registry.reference, 'dkpull/tag:2');
    await docker('tag', 'wf-test/probe', registry.reference);
    expect(await behaviour.inspect(record, context())).toMatchObject({ found: 'gone' });
    await behaviour.undo(record, context());
    expect(await here()).toBe(true);
  });

  test('loses only its name if it has another tag', async () => {
    const { record } = await pull();
    await docker('tag', registry.reference, 'dkpull/tag:2');
    await undo(behaviour, record, context());
    expect([await here(), await dockerKnows('image', 'dkpull/tag:2')]).toEqual([false, true]);
  });

  test('is pulled from a registry that asks for credentials, which appear nowhere', async () => {
    const password = 'S3cret-Passw0rd';
    const closed = await openRegistry('dkpull', password);
    const { reference } = closed;
    try {
      const here = context();
      const pullWith = (given: string | null) =>
        carryOut(
          dockerImage,
          { reference, auth: given === null ? null : { username: 'robot', password: given } },
          here,
        );
      const failures = [];
      for (const given of [null, `${password}X`]) {
        const error = await pullWith(given).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'E_IMAGE_UNAVAILABLE', hint: expect.stringContaining('auth') });
        failures.push(error);
      }
      const { record, output } = await pullWith(password);
      expect(output.pulled).toBe(true);
      expect(closed.authorizations.at(-1)).toMatch(/^Basic /);
      const inspected = inspect([record, output, here.evidence, here.notes, failures], { depth: 20, showHidden: true });
      for (const secret of [password, Buffer.from(password).toString('base64').slice(0, 12)]) {
        expect(inspected).not.toContain(secret);
      }
      await undo(behaviour, record, context());
    } finally {
      await closed.close();
    }
  });

  test('is no change of the run if it existed before', async () => {
    await docker('pull', registry.reference);
    expect(await pull()).toMatchObject({ found: 'unchanged', record: null, output: { pulled: false } });
  });

  test.each(inTurn([0, 20, 200], 3))(
    'is pulled again and undone if the first client was killed after %i ms',
    async (afterMs) => {
      const intent = { reference: registry.reference, id: null, engine: await engineId() };
      registry.hold();
      await askAndDie('POST', `/images/create?fromImage=${encodeURIComponent(registry.reference)}`, undefined, afterMs);
      registry.release();
      // The engine cancels a pull whose client is gone, unless the pull completes first.
      const deadline = Date.now() + behaviour.lateEffectMs;
      while (Date.now() < deadline && !(await here())) await new Promise((resolve) => setTimeout(resolve, 20));
      const resumed = await carryOut(dockerImage, { reference: registry.reference }, context(), intent);
      expect(resumed.output.pulled).toBe(true);
      await undo(behaviour, resumed.record, context());
      expect(await here()).toBe(false);
      expect(await behaviour.inspect(intent, context())).toMatchObject({ found: 'gone' });
    },
  );
});
