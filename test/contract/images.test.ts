import { expect, test } from 'vitest';
import { dockerImage } from '../../src/steps/docker/index.ts';
import { carryOut } from '../support/in-process/carry-out.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';
import { testContext } from '../support/in-process/step-context.ts';

describeContract('images', (subject) => {
  test('are the same in every read', async () => {
    const { docker } = subject().host.ports;
    const image = await docker.image(subject().echoImage);
    expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image?.entrypoint).toEqual(['/http-echo']);
    expect(await docker.image(subject().echoImage)).toEqual(image);
    expect((await docker.image(subject().sleepImage))?.entrypoint).toEqual([]);
  });

  test('leave evidence of the docker client only on Docker', async () => {
    const context = testContext({ host: subject().host.ports });
    await carryOut(dockerImage, { reference: subject().echoImage }, context);
    const typed = `docker image inspect --format '{{.Id}}' ${subject().echoImage}`;
    const isDocker = subject().runtime === 'docker';
    expect(context.evidence.map(({ command }) => command)).toEqual([
      isDocker ? typed : `# embedded runtime, in place of: ${typed}`,
    ]);
  });

  test('are null if they do not exist, and a container of a missing image is refused', async () => {
    const { docker } = subject().host.ports;
    expect(await docker.image('ct/no-such-image')).toBeNull();
    const { id: networkId } = await subject().network('ct-net');
    const spec = { name: 'ct-none', image: 'ct/no-such-image', command: [], networkId, labels: {} };
    await expect(docker.createContainer(spec)).rejects.toMatchObject({ code: 'E_IMAGE_UNAVAILABLE' });
    expect(await docker.container('ct-none')).toBeNull();
  });
});
