import { afterEach, beforeAll, expect, test } from 'vitest';
import { dockerImage } from '../../../src/steps/docker/index.ts';
import { describeDocker, docker, dockerInspect, dockerKnows, engineId } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE } from '../../support/engines/images.ts';
import { carryOut, changeOf } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const TAGGED = 'dkimg/copy:1';

describeDocker('the step runner docker.image', () => {
  const behaviour = changeOf(dockerImage);

  let engine = '';
  beforeAll(async () => {
    engine = await engineId();
  });
  afterEach(async () => {
    if (await dockerKnows('image', TAGGED)) await docker('image', 'rm', TAGGED);
  });

  test('records no change for an existing image', async () => {
    const here = testContext();
    const { found, output } = await carryOut(dockerImage, { reference: HTTP_ECHO_IMAGE }, here);
    expect(found).toBe('unchanged');
    expect(output).toEqual({
      id: await dockerInspect(HTTP_ECHO_IMAGE, '{{.Id}}'),
      reference: HTTP_ECHO_IMAGE,
      pulled: false,
      entrypoint: ['/http-echo'],
      command: [],
    });
  });

  test('recognizes an image that an earlier attempt pulled', async () => {
    const earlier = { reference: HTTP_ECHO_IMAGE, id: null, engine };
    const seen = await behaviour.observe({ reference: HTTP_ECHO_IMAGE }, testContext(), earlier);
    expect(seen).toMatchObject({ found: 'ours', output: { pulled: true } });
  });

  test('reports an image that cannot be pulled, with a hint and evidence', async () => {
    const here = testContext();
    await expect(carryOut(dockerImage, { reference: 'wf-test/nowhere' }, here)).rejects.toMatchObject({
      code: 'E_IMAGE_UNAVAILABLE',
      message: expect.stringMatching(/^image wf-test\/nowhere is missing and cannot be pulled: /),
      hint: expect.stringContaining('docker pull wf-test/nowhere'),
    });
    expect(here.evidence).toMatchObject([{ command: 'docker pull wf-test/nowhere', exitCode: 1 }]);
  });

  test.each(['../containers/json', 'a b', 'name?x=1', 'a/../b', ''])(
    'refuses "%s" as a reference',
    async (reference) => {
      await expect(testContext().host.docker.image(reference)).rejects.toMatchObject({ code: 'E_INPUT' });
    },
  );

  test('undo removes the image only if its id matches, and can be repeated', async () => {
    await docker('tag', HTTP_ECHO_IMAGE, TAGGED);
    const id = await dockerInspect(TAGGED, '{{.Id}}');
    await behaviour.undo({ reference: TAGGED, id: `sha256:${'0'.repeat(64)}`, engine }, testContext());
    expect(await dockerKnows('image', TAGGED)).toBe(true);
    expect(await behaviour.inspect({ reference: TAGGED, id, engine }, testContext())).toEqual({ found: 'in place' });
    await behaviour.undo({ reference: TAGGED, id, engine }, testContext());
    expect(await dockerKnows('image', TAGGED)).toBe(false);
    expect(await dockerKnows('image', HTTP_ECHO_IMAGE)).toBe(true);
    await behaviour.undo({ reference: TAGGED, id, engine }, testContext());
    expect(await behaviour.inspect({ reference: TAGGED, id, engine }, testContext())).toMatchObject({ found: 'gone' });
  });

  test('keeps its image and gives the reason', () => {
    expect(behaviour.kept).toMatch(/cache/);
  });
});
