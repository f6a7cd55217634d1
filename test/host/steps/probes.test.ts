import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  commandProbe,
  dnsProbe,
  httpProbe,
  insideContainer,
  insideNamespaceOf,
  pingProbe,
  tcpProbe,
  tlsProbe,
} from '../../../src/steps/probe/index.ts';
import {
  describeOwnNetwork,
  eventually,
  ip,
  removeLinks,
  type TestContainer,
  testContainer,
} from '../../support/host/own-network.ts';
import { readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const TARGET = fileURLToPath(new URL('../../support/host/probe-target.mjs', import.meta.url));
const url = 'http://10.3.0.2:5678/';
/** Long enough for an answer on a busy machine. */
const PATIENCE_MS = 10_000;

describeOwnNetwork('probes', () => {
  let asking: TestContainer;
  let answering: TestContainer;
  let from: ReturnType<typeof insideNamespaceOf>;

  let keys: string;

  beforeAll(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'wf-keys-'));
    makeCertificate(keys);
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
    answering.start(process.execPath, TARGET, 'Production', '400', `${keys}/key`, `${keys}/cert`);
  });
  afterAll(async () => {
    await asking.remove();
    await answering.remove();
    await removeLinks('p_one', 'p_two');
    rmSync(keys, { recursive: true });
  });

  it('probe.http passes its URL in no process argument, as it may contain a secret', async () => {
    const secret = `http://10.99.0.1:5678/?token=s3cret-${process.pid}`;
    const probed = readWith(httpProbe, { from, url: secret, deadlineMs: 1_500, must: 'fail' }, testContext());
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
    const answer = await readWith(httpProbe, { from, url, expect: 'Production', deadlineMs: PATIENCE_MS }, context);
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
      expect(performance.now() - startedAt).toBeLessThan(PATIENCE_MS);
    }
  });

  it('probe.http that must fail counts a refusal as an answer, and listens until its deadline', async () => {
    const ask = (target: string, deadlineMs = PATIENCE_MS) =>
      readWith(httpProbe, { from, url: target, deadlineMs, must: 'fail' }, testContext());
    await expect(ask(url)).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    await expect(ask('http://10.3.0.2:1/')).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    const startedAt = performance.now();
    expect(await ask('http://10.99.0.1:5678/', 400)).toMatchObject({ answered: false, status: null });
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  it('probe.ping expects every answer', async () => {
    const context = testContext();
    const seen = await readWith(pingProbe, { from, to: '10.3.0.2', intervalMs: 20, deadlineMs: PATIENCE_MS }, context);
    expect(seen).toMatchObject({ sent: 3, received: 3, answered: true, rttMs: expect.any(Number) });
    expect(context.evidence[0]?.output).toContain('3 packets transmitted, 3 received');
    const silent = readWith(pingProbe, { from, to: '10.99.0.1', intervalMs: 20, deadlineMs: 500 }, testContext());
    await expect(silent).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
  });

  it('probe.ping that forbids fragments expects exactly the MTU to pass', async () => {
    const context = testContext();
    const ask = (size: number, must: 'succeed' | 'fail', deadlineMs = PATIENCE_MS) =>
      readWith(pingProbe, { from, to: '10.3.0.2', count: 1, size, dontFragment: true, deadlineMs, must }, context);
    expect(await ask(1472, 'succeed')).toMatchObject({ sent: 1, received: 1 });
    expect(await ask(1473, 'fail', 500)).toMatchObject({ received: 0, answered: false });
    await expect(ask(1472, 'fail')).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    expect(context.evidence[0]?.command).toMatch(/ping .*-s 1472 -M do 10\.3\.0\.2$/);
    const inImage = { from: insideContainer({ id: 'x', name: 'AppDev' }), to: '10.3.0.2', dontFragment: true };
    await expect(
      readWith(pingProbe, { ...inImage, deadlineMs: 500 }, testContext()),
      'the ping of an image cannot',
    ).rejects.toThrow('insideNamespaceOf');
  });

  it('probe.ping waits for an IPv6 address that the kernel is still testing', async () => {
    execFileSync('nsenter', [
      `--net=${answering.handle.namespace.path}`,
      ...['sysctl', '--quiet', '--write', 'net.ipv6.conf.p_two.dad_transmits=1', 'net.ipv6.conf.p_two.accept_dad=1'],
    ]);
    asking.ip('address', 'add', 'fd00:3::1/64', 'dev', 'p_one', 'nodad');
    answering.ip('address', 'add', 'fd00:3::2/64', 'dev', 'p_two');
    expect(answering.ip('address', 'show', 'dev', 'p_two')).toMatch(/fd00:3::2.*tentative/);
    const seen = await readWith(
      pingProbe,
      { from, to: 'fd00:3::2', count: 2, intervalMs: 50, deadlineMs: PATIENCE_MS },
      testContext(),
    );
    expect(seen).toMatchObject({ received: 2, answered: true });
    expect(answering.ip('address', 'show', 'dev', 'p_two')).not.toContain('tentative');
  });

  it('probe.ping that must fail fails on an answer', async () => {
    const ask = (to: string, deadlineMs = PATIENCE_MS) =>
      readWith(pingProbe, { from, to, intervalMs: 20, deadlineMs, must: 'fail' }, testContext());
    await expect(ask('10.3.0.2')).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    expect(await ask('10.99.0.1', 1_000)).toMatchObject({ sent: 3, received: 0, answered: false });
    expect(await ask('10.77.0.1', 300), 'no route').toMatchObject({ sent: 0, received: 0, answered: false });
  });

  it('probe.dns resolves a name, and distinguishes an unknown name from a silent server', async () => {
    const ask = (name: string, must: 'succeed' | 'fail', deadlineMs = PATIENCE_MS) =>
      readWith(dnsProbe, { from, name, server: '10.3.0.2', deadlineMs, must }, testContext());
    expect(await ask('appdev', 'succeed')).toEqual({ name: 'appdev', addresses: ['10.3.0.2'], outcome: 'resolved' });
    await expect(ask('appdev', 'fail')).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    expect(await ask('appprod', 'fail')).toMatchObject({ outcome: 'no-such-name' });
    const startedAt = performance.now();
    expect(await ask('silent', 'fail', 400)).toMatchObject({ outcome: 'no-answer' });
    expect(performance.now() - startedAt).toBeLessThan(PATIENCE_MS);
    await expect(ask('appprod', 'succeed', 400)).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
  });

  it('probe.tcp distinguishes a connection, a refusal and silence', async () => {
    const ask = (input: object, context = testContext()) =>
      readWith(tcpProbe, { from, to: '10.3.0.2', port: 5678, deadlineMs: PATIENCE_MS, ...input }, context);
    const context = testContext();
    expect(await ask({}, context)).toMatchObject({ outcome: 'connected', answered: true });
    expect(context.evidence).toMatchObject([
      { command: expect.stringMatching(/^nsenter .* nc -v -z -w 10 10\.3\.0\.2 5678$/), exitCode: 0 },
    ]);
    expect(await ask({ port: 1, expect: 'refused' })).toMatchObject({ outcome: 'refused', answered: true });
    await expect(ask({ port: 1, deadlineMs: 1_000 })).rejects.toMatchObject({
      code: 'E_PROBE_FAILED',
      message: expect.stringMatching(/refused from Asking/),
    });
    await expect(ask({ expect: 'refused', deadlineMs: 500 })).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
    for (const port of [5678, 1]) {
      await expect(ask({ port, must: 'fail' })).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    }
    const startedAt = performance.now();
    expect(await ask({ to: '10.99.0.1', must: 'fail', deadlineMs: 500 })).toMatchObject({
      outcome: 'no-answer',
      answered: false,
    });
    expect(performance.now() - startedAt).toBeGreaterThan(500);
    await expect(ask({ to: '10.99.0.1', deadlineMs: 500 })).rejects.toMatchObject({ code: 'E_PROBE_FAILED' });
  });

  it('probe.tls reads and verifies the certificate of a server', async () => {
    const ca = readFileSync(`${keys}/cert`, 'utf8');
    const ask = (input: object) =>
      readWith(tlsProbe, { from, to: '10.3.0.2', port: 5679, deadlineMs: PATIENCE_MS, ...input }, testContext());
    const seen = await ask({ ca, serverName: 'wf.example', validDays: 1 });
    expect(seen).toMatchObject({ answered: true, protocol: 'TLSv1.3', verified: true, problem: null });
    expect(seen.certificate).toMatchObject({
      subject: 'CN=wf.example',
      issuer: 'CN=wf.example',
      names: 'DNS:wf.example',
    });
    const leftMs = Date.parse(seen.certificate?.validTo ?? '') - Date.now();
    expect(leftMs / 86_400_000).toBeCloseTo(10, 1);

    await expect(ask({ ca: 'no PEM' })).rejects.toMatchObject({ code: 'E_STEP_INPUT' });
    const refusals = [
      [{ serverName: 'wf.example' }, /DEPTH_ZERO_SELF_SIGNED_CERT/],
      [{ ca }, /ERR_TLS_CERT_ALTNAME_INVALID/],
      [{ ca, serverName: 'other.example' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
      [{ ca, serverName: 'wf.example', validDays: 11 }, /CERT_EXPIRES_TOO_SOON/],
      [{ port: 5678 }, /connected, no handshake/],
      [{ port: 1 }, /refused/],
      [{ to: '10.99.0.1' }, /no answer/],
    ] as const;
    await Promise.all(
      refusals.map(([input, message]) =>
        expect(ask({ ...input, deadlineMs: 3_000 })).rejects.toMatchObject({
          code: 'E_PROBE_FAILED',
          message: expect.stringMatching(message),
        }),
      ),
    );
    expect(await ask({ mustVerify: false })).toMatchObject({ verified: false, problem: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await expect(ask({ must: 'fail' })).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    expect(await ask({ to: '10.99.0.1', must: 'fail', deadlineMs: 300 })).toMatchObject({ answered: false });
  });

  it('probe.command repeats a command until it succeeds, and expects one to fail', async () => {
    const ask = (input: object, context = testContext()) =>
      readWith(commandProbe, { from, argv: ['true'], deadlineMs: PATIENCE_MS, ...input }, context);
    const context = testContext();
    expect(await ask({ argv: ['ip', '-json', 'address'], contains: '10.3.0.1' }, context)).toMatchObject({
      succeeded: true,
      exitCode: 0,
    });
    expect(context.evidence[0]?.command).toBe(`nsenter --net=${asking.handle.namespace.path} ip -json address`);
    const log = path.join(keys, 'tries');
    const third = ['sh', '-c', `echo try >> ${log}; [ $(wc -l < ${log}) = 3 ]`];
    expect(await ask({ argv: third })).toMatchObject({ succeeded: true });
    await expect(ask({ argv: ['sh', '-c', 'echo no; exit 3'], deadlineMs: 1_500 })).rejects.toMatchObject({
      code: 'E_PROBE_FAILED',
      message: expect.stringMatching(/its last try ended with exit code 3: no$/),
    });
    expect(await ask({ argv: ['false'], must: 'fail', deadlineMs: 1_500 })).toMatchObject({
      succeeded: false,
      exitCode: 1,
    });
    expect(await ask({ argv: ['sleep', '9'], must: 'fail', deadlineMs: 500 })).toMatchObject({
      succeeded: false,
      exitCode: null,
    });
    await expect(ask({ must: 'fail' })).rejects.toMatchObject({ code: 'E_PROBE_ANSWERED' });
    await expect(ask({ argv: ['wf-no-such-program'], must: 'fail' })).rejects.toMatchObject({
      code: 'E_TOOL_MISSING',
    });
  });

  it('a try that is cut off at the deadline keeps the observation of the try before it', async () => {
    let unanswered = 0;
    const begun = performance.now();
    // A try lasts a second: one that begins later than this is cut off.
    const server = createServer((_request, response) => {
      if (performance.now() - begun < 1_300) response.writeHead(503).end('starting');
      else unanswered += 1;
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const probe = { from: { type: 'host' }, url: `http://127.0.0.1:${address.port}/`, deadlineMs: 2_000 } as const;
    await expect(readWith(httpProbe, probe, testContext())).rejects.toMatchObject({
      code: 'E_PROBE_FAILED',
      message: expect.stringMatching(/status 503, "starting"$/),
    });
    expect(unanswered, 'the control').toBe(1);
    server.closeAllConnections();
    server.close();
    const log = path.join(keys, 'cut-off');
    const argv: [string, ...string[]] = ['sh', '-c', `[ -e ${log} ] && sleep 9; touch ${log}; echo starting; exit 3`];
    await expect(readWith(commandProbe, { from, argv, deadlineMs: 1_500 }, testContext())).rejects.toMatchObject({
      message: expect.stringMatching(/exit code 3: starting$/),
    });
  });

  it('a namespace that is gone is an error, never silence', async () => {
    const gone = { ...from, namespace: { path: asking.handle.namespace.path, inode: 7 } };
    const time = { deadlineMs: 300, must: 'fail' } as const;
    for (const probe of [
      readWith(pingProbe, { from: gone, to: '10.3.0.2', ...time }, testContext()),
      readWith(httpProbe, { from: gone, url, ...time }, testContext()),
      readWith(dnsProbe, { from: gone, name: 'appdev', ...time }, testContext()),
      readWith(tcpProbe, { from: gone, to: '10.3.0.2', port: 1, ...time }, testContext()),
      readWith(tlsProbe, { from: gone, to: '10.3.0.2', ...time }, testContext()),
      readWith(commandProbe, { from: gone, argv: ['false'], ...time }, testContext()),
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

/** Creates a key and a self-signed certificate of wf.example, valid for 10 days. */
function makeCertificate(folder: string): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '10'],
      ...['-subj', '/CN=wf.example', '-addext', 'subjectAltName=DNS:wf.example'],
      ...['-keyout', path.join(folder, 'key'), '-out', path.join(folder, 'cert')],
    ],
    { stdio: 'ignore' },
  );
}

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
