import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dnsProbe, httpProbe, insideNamespaceOf, pingProbe } from '../../src/steps/probe/index.ts';
import { readWith } from '../support/carry-out.ts';
import { testContext } from '../support/step-context.ts';
import { describeOwnNetwork, eventually, ip, removeLinks, type TestContainer, testContainer } from './own-network.ts';

const TARGET = fileURLToPath(new URL('./probe-target.mjs', import.meta.url));
const url = 'http://10.3.0.2:5678/';

describeOwnNetwork('probes', () => {
  let asking: TestContainer;
  let answering: TestContainer;
  let from: ReturnType<typeof insideNamespaceOf>;

  beforeAll(async () => {
    asking = await testContainer('Asking');
    answering = await testContainer('Answering');
    from = insideNamespaceOf(asking.handle);
    ip('link', 'add', 'p_one', 'type', 'veth', 'peer', 'name', 'p_two');
    for (const [container, link, address] of [
      [asking, 'p_one', '10.3.0.1/24'],
      [answering, 'p_two', '10.3.0.2/24'],
    ] as const) {
      ip('link', 'set', link, 'netns', String(container.handle.pid));
      container.ip('address', 'add', address, 'dev', link);
      container.ip('link', 'set', link, 'up');
    }
    // Packets to this range are dropped silently, as by a DROP rule.
    asking.ip('route', 'add', '10.99.0.0/16', 'via', '10.3.0.2');
    answering.start(process.execPath, TARGET, 'Production', '400');
  });
  afterAll(async () => {
    await asking.remove();
    await answering.remove();
    await removeLinks('p_one', 'p_two');
  });

  it('probe.http passes its URL in no process argument, as it may contain a secret', async () => {
    const secret = `http://10.99.0.1:5678/?token=s3cret-${process.pid}`;
    const probed = readWith(httpProbe, { from, url: secret, deadlineMs: 1_500, mustFail: true }, testContext());
    const seen = new Set<string>();
    let answered = false;
    void probed.finally(() => {
      answered = true;
    });
    while (!answered) {
      for (const line of agentsIn(asking.handle.pid)) seen.add(line);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await probed;
    expect([...seen], 'the control').not.toEqual([]);
    expect([...seen].filter((line) => line.includes('s3cret'))).toEqual([]);
  });

  it('probe.http waits for a service that is not listening yet', async () => {
    const context = testContext();
    const answer = await readWith(httpProbe, { from, url, expect: 'Production', deadlineMs: 5_000 }, context);
    expect(answer).toEqual({ url, status: 200, body: 'Production\n', answered: true });
    expect(context.evidence).toMatchObject([
      {
        command: `nsenter --net=${asking.handle.namespace.path} wget -qO- ${url}`,
        output: 'Production\n',
        exitCode: 0,
      },
    ]);
  });

  it('probe.http fails within its deadline for a wrong answer, a wrong status and no answer', async () => {
    const ask = (input: object) => readWith(httpProbe, { from, url, deadlineMs: 400, ...input }, testContext());
    for (const input of [{ expect: 'Other' }, { url: `${url}missing` }, { url: 'http://10.99.0.1:5678/' }]) {
      const startedAt = performance.now();
      await expect(ask(input)).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
      expect(performance.now() - startedAt).toBeLessThan(500);
    }
  });

  it('probe.http with mustFail counts a refusal as an answer, and listens until its deadline', async () => {
    const ask = (target: string) =>
      readWith(httpProbe, { from, url: target, deadlineMs: 400, mustFail: true }, testContext());
    await expect(ask(url)).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    await expect(ask('http://10.3.0.2:1/')).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    const startedAt = performance.now();
    expect(await ask('http://10.99.0.1:5678/')).toMatchObject({ answered: false, status: null });
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  it('probe.ping expects every answer', async () => {
    const context = testContext();
    const seen = await readWith(pingProbe, { from, to: '10.3.0.2', intervalMs: 20, deadlineMs: 2_000 }, context);
    expect(seen).toMatchObject({ sent: 3, received: 3, answered: true, rttMs: expect.any(Number) });
    expect(context.evidence[0]?.output).toContain('3 packets transmitted, 3 received');
    const silent = readWith(pingProbe, { from, to: '10.99.0.1', intervalMs: 20, deadlineMs: 500 }, testContext());
    await expect(silent).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
  });

  it('probe.ping waits for an IPv6 address that the kernel is still testing', async () => {
    execFileSync('nsenter', [
      `--net=${answering.handle.namespace.path}`,
      ...['sysctl', '--quiet', '--write', 'net.ipv6.conf.p_two.dad_transmits=1'],
    ]);
    asking.ip('address', 'add', 'fd00:3::1/64', 'dev', 'p_one', 'nodad');
    answering.ip('address', 'add', 'fd00:3::2/64', 'dev', 'p_two');
    expect(answering.ip('address', 'show', 'dev', 'p_two')).toMatch(/fd00:3::2.*tentative/);
    const seen = await readWith(
      pingProbe,
      { from, to: 'fd00:3::2', count: 2, intervalMs: 50, deadlineMs: 5_000 },
      testContext(),
    );
    expect(seen).toMatchObject({ received: 2, answered: true });
    expect(answering.ip('address', 'show', 'dev', 'p_two')).not.toContain('tentative');
  });

  it('probe.ping with mustFail fails on an answer', async () => {
    const ask = (to: string) =>
      readWith(pingProbe, { from, to, intervalMs: 20, deadlineMs: 300, mustFail: true }, testContext());
    await expect(ask('10.3.0.2')).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    expect(await ask('10.99.0.1')).toMatchObject({ sent: 3, received: 0, answered: false });
    expect(await ask('10.77.0.1'), 'no route').toMatchObject({ sent: 0, received: 0, answered: false });
  });

  it('probe.dns resolves a name, and distinguishes an unknown name from a silent server', async () => {
    const ask = (name: string, mustFail: boolean) =>
      readWith(dnsProbe, { from, name, server: '10.3.0.2', deadlineMs: 400, mustFail }, testContext());
    expect(await ask('appdev', false)).toEqual({ name: 'appdev', addresses: ['10.3.0.2'], outcome: 'resolved' });
    await expect(ask('appdev', true)).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    expect(await ask('appprod', true)).toMatchObject({ outcome: 'no-such-name' });
    const startedAt = performance.now();
    expect(await ask('silent', true)).toMatchObject({ outcome: 'no-answer' });
    expect(performance.now() - startedAt).toBeLessThan(1_800);
    await expect(ask('appprod', false)).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
  });

  it('a namespace that is gone is an error, never silence', async () => {
    const gone = { ...from, namespace: { path: asking.handle.namespace.path, inode: 7 } };
    const time = { deadlineMs: 300, mustFail: true };
    for (const probe of [
      readWith(pingProbe, { from: gone, to: '10.3.0.2', ...time }, testContext()),
      readWith(httpProbe, { from: gone, url, ...time }, testContext()),
      readWith(dnsProbe, { from: gone, name: 'appdev', ...time }, testContext()),
    ]) {
      await expect(probe).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
    }
  });

  it('an aborted probe leaves no process', async () => {
    const stop = new AbortController();
    const probe = readWith(
      httpProbe,
      { from, url: 'http://10.99.0.1:5678/stopped', deadlineMs: 20_000 },
      testContext({ signal: stop.signal }),
    );
    const running = () => agentsIn(asking.handle.pid).length > 0;
    await eventually(running);
    stop.abort();
    await expect(probe).rejects.toThrow();
    expect(running()).toBe(false);
  });
});

/** The command lines of the probe agents in the network namespace of this process. */
function agentsIn(pid: number): readonly string[] {
  const namespace = readlinkSync(`/proc/${pid}/ns/net`);
  return readdirSync('/proc').flatMap((entry) => {
    try {
      if (!/^\d+$/.test(entry) || readlinkSync(`/proc/${entry}/ns/net`) !== namespace) return [];
      const line = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return line.includes('probe-agent') ? [line] : [];
    } catch {
      return []; // it has ended
    }
  });
}
