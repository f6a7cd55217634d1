import { afterAll, beforeAll, expect, it } from 'vitest';
import { containerHandleSchema } from '../../../src/steps/container-handle.ts';
import { moveLink, observeBridge, observeLinks, setLinkUp } from '../../../src/steps/net/index.ts';
import { insideNamespaceOf, pingProbe } from '../../../src/steps/probe/index.ts';
import {
  describeOwnNetwork,
  ip,
  networkState,
  removeLinks,
  type TestContainer,
  testContainer,
} from '../../support/host/own-network.ts';
import { carryOut, changeOf, readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

describeOwnNetwork('a restarted container', () => {
  let container: TestContainer;
  /** The pid and the inode are unchanged, as often after a restart. */
  let earlier: TestContainer['handle'];
  const context = () => testContext({ run: 'restarted' });
  const gone = {
    code: 'E_NAMESPACE_GONE',
    message: 'container AppProd was restarted or removed: its network namespace and everything created in it are gone',
    hint: expect.stringContaining('docker ps'),
  };

  beforeAll(async () => {
    container = await testContainer('AppProd');
    const { namespace } = container.handle;
    if (namespace.process === null) throw new Error('the handle names no process');
    const startTime = String(Number(namespace.process.startTime) - 1);
    earlier = { ...container.handle, namespace: { ...namespace, process: { ...namespace.process, startTime } } };
    ip('link', 'add', 'r_cont', 'type', 'veth', 'peer', 'name', 'r_peer');
    ip('link', 'add', 'r_br', 'type', 'bridge');
    container.ip('link', 'add', 'r_in', 'type', 'bridge');
  });
  afterAll(async () => {
    await container.remove();
    await removeLinks('r_cont', 'r_br');
  });

  it('is named in the error of a change, and nothing in it changes', async () => {
    const before = [networkState(), networkState(container.ip)];
    await expect(carryOut(moveLink, { link: 'r_cont', to: earlier }, context())).rejects.toMatchObject(gone);
    await expect(carryOut(setLinkUp, { link: 'r_in', in: earlier }, context())).rejects.toMatchObject(gone);
    expect([networkState(), networkState(container.ip)]).toEqual(before);
  });

  it('is named in the error of a read and of a probe', async () => {
    await expect(readWith(observeLinks, { in: earlier }, context())).rejects.toMatchObject(gone);
    const bridge = { bridge: 'r_br', containers: [earlier] };
    await expect(readWith(observeBridge, bridge, context())).rejects.toMatchObject(gone);
    const probe = { from: insideNamespaceOf(earlier), to: '127.0.0.1', deadlineMs: 300, must: 'fail' } as const;
    await expect(readWith(pingProbe, probe, context())).rejects.toMatchObject(gone);
  });

  it('has lost its earlier changes, and their undo does not touch its new state', async () => {
    const { record } = await carryOut(setLinkUp, { link: 'r_in', in: container.handle }, context());
    const { inspect, undo } = changeOf(setLinkUp);
    const asRecordedEarlier = JSON.parse(
      JSON.stringify(record).replaceAll(JSON.stringify(container.handle.namespace), JSON.stringify(earlier.namespace)),
    );
    expect(await inspect(record, context())).toEqual({ found: 'in place' });
    expect(await inspect(asRecordedEarlier, context())).toMatchObject({ found: 'gone' });
    const before = networkState(container.ip);
    await undo(asRecordedEarlier, context());
    expect(networkState(container.ip)).toEqual(before);
  });

  it('is identified by its inode alone if the journal does not have its process', async () => {
    const { process: _process, ...namespace } = container.handle.namespace;
    const old = containerHandleSchema.parse({ ...container.handle, namespace });
    expect(old.namespace.process).toBeNull();
    expect((await readWith(observeLinks, { in: old }, context())).links.map(({ name }) => name)).toContain('r_in');
  });
});
