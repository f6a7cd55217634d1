import { beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { describeDocker } from '../../support/docker-tests.ts';
import { tool } from '../../support/host-state.ts';
import { STAGES, startLab } from '../../support/lab.ts';
import { planSchema } from '../../support/plan-record.ts';
import { logsSchema, type RunRecord, runRecordSchema } from '../../support/run-record.ts';
import { openProject } from '../../support/run-wf.ts';

/** Shell metacharacters, and letters of other scripts. */
const NASTY = `"double" 'single' $(touch pwned) \`touch pwned\` ; && | > * \\n é 日本 🙂`;

type Logs = z.infer<typeof logsSchema>;

describeDocker('the evidence of a lab', () => {
  const project = openProject();
  let record: RunRecord;
  let logs: Logs;
  const of = (step: string) => logs.filter((item) => item.step === step);

  beforeAll(async () => {
    const lab = await project.sharedWf(startLab({ devText: NASTY }, '--json'));
    expect(lab.exitCode, lab.stderr).toBe(0);
    record = runRecordSchema.parse(lab.json());
    logs = logsSchema.parse((await project.sharedWf(['logs', '@latest', '--json'])).json());
  });

  test('is of the steps, kinds and stages that a dry run lists', async () => {
    const dry = planSchema.parse((await project.sharedWf(startLab({}, '--dry-run', '--json'))).json());
    const listed = dry.steps.map(({ step, stage, kind }) => `${stage} ${step} ${kind}`);
    expect(listed.sort()).toEqual(record.steps.map(({ id, stage, kind }) => `${stage} ${id} ${kind}`).sort());
  });

  test('has an ordinary command for every step', () => {
    const silent = record.steps.filter(({ id }) => of(id).length === 0).map(({ id }) => id);
    expect(silent).toEqual([]);
    expect([...new Set(logs.map(({ stage }) => stage))]).toEqual(STAGES);
    const programs = new Set(logs.map(({ command }) => command.split(' ')[0]));
    // nft runs too, and leaves evidence if it is installed.
    programs.delete('nft');
    expect([...programs].sort()).toEqual(['#', 'bridge', 'docker', 'ip', 'iptables-save', 'nsenter', 'ping', 'wget']);
  });

  test('has the plain command for the default route, with the error of the kernel', () => {
    const [plainCommand, added] = of('addDefaultRoute');
    expect(plainCommand?.command).toMatch(/^nsenter --net=\/proc\/\d+\/ns\/net ip route add default via [\d.]+$/);
    expect(plainCommand).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining('RTNETLINK answers: File exists'),
    });
    expect(added?.command).toMatch(/ ip route add default via [\d.]+ dev eth1 metric \d+ protocol 119$/);
    expect(added).toMatchObject({ exitCode: 0 });
  });

  test('shows the neighbour and the bridge port of the splice, and the routes of the packets', () => {
    const veth = of('readSplicedAddresses')[0]?.output ?? '';
    const mac = / eth1@[\s\S]*?link\/ether ([0-9a-f:]{17})/.exec(veth)?.[1] ?? 'no MAC address';
    expect(of('readNeighboursBefore')[0]?.output).not.toContain(mac);
    expect(of('readNeighboursAfter')[0]?.output).toContain(`lladdr ${mac}`);
    expect(of('readForwarding')[0]?.output).toContain(`${mac} dev int_hote `);
    expect(of('routeFromAppDev')[0]?.output).toMatch(/\.100 dev eth0 src /);
    expect(of('routeFromAppProd')[0]?.output).toMatch(/ dev eth1 src [\d.]+\.100 /);
    expect(of('observeDevBridge').map(({ command }) => command)).toContain('bridge link show');
  });

  test('shows no lost ping inside a network and through the pair, and no answer between the networks', () => {
    for (const step of [
      'pingAppDevByName',
      'controlAppDevAnswersPing',
      'controlAppProdAnswersPing',
      'pingSpliceFromAppDev',
      'pingAppDevFromAppProd',
    ]) {
      expect(of(step).at(-1), step).toMatchObject({
        exitCode: 0,
        output: expect.stringMatching(/3 (packets )?received, 0% packet loss/),
      });
    }
    for (const step of ['pingAppProdFromAppDev', 'pingAppProdOnItsOwnNetwork']) {
      expect(of(step).at(-1), step).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining('0 received, 100% packet loss'),
      });
    }
  });

  test('shows that the counters of int_hote rose', () => {
    const counters = (step: string) =>
      /RX:.*\n +\d+ +(\d+) [\s\S]*TX:.*\n +\d+ +(\d+) /
        .exec(of(step).at(-1)?.output ?? '')
        ?.slice(1, 3)
        .map(Number) ?? [];
    const [before, after] = [counters('readCountersBefore'), counters('readCountersAfter')];
    // Three pings each way, and two conversations over HTTP.
    expect((after[0] ?? 0) - (before[0] ?? 0)).toBeGreaterThan(6);
    expect((after[1] ?? 0) - (before[1] ?? 0)).toBeGreaterThan(6);
  });

  test('shows the rule of Docker that counted dropped packets, which the proofs name', async () => {
    const dropped = (step: string) =>
      /\[(\d+):\d+\] (-A DOCKER-ISOLATION-STAGE-2 -o br-[0-9a-f]{12} -j DROP)/g[Symbol.matchAll](
        of(step).find(({ command }) => command.startsWith('iptables-save'))?.output ?? '',
      );
    const counts = (step: string) => new Map([...dropped(step)].map(([, packets, rule]) => [rule, Number(packets)]));
    const [before, after] = [counts('readFirewallBefore'), counts('readFirewallAfter')];
    const counted = [...after].filter(([rule, packets]) => packets > (before.get(rule) ?? 0));
    expect(counted).toHaveLength(1);
    const shown = await project.sharedWf(['show', '@latest']);
    expect(shown.stdout).toContain(`filter/DOCKER-ISOLATION-STAGE-2 ${counted[0]?.[0]} (`);
  });

  test('has commands that can be pasted into a shell: a text with quotes is one word', async () => {
    const command = of('createAppDev')[0]?.command ?? '';
    const words = await tool('sh', '-c', `printf '%s\\n' ${command.replace(/^docker run /, '')}`);
    expect(words.split('\n').at(-1)).toBe(NASTY);
    expect(of('fetchAppDevByName').at(-1)?.output.trimEnd()).toBe(NASTY);
    expect(of('fetchAppDevFromAppProd').at(-1)?.output.trimEnd()).toBe(NASTY);
  });

  test('is printed by stage, with each command, its output and its exit code', async () => {
    const { stdout, exitCode } = await project.sharedWf(['logs', '@latest']);
    expect(exitCode).toBe(0);
    expect(stdout.match(/^=== \w+ ===$/gm)).toEqual(STAGES.map((stage) => `=== ${stage} ===`));
    expect(stdout).toContain('RTNETLINK answers: File exists\n[exit 2, ');
    const one = await project.sharedWf(['logs', '@latest', 'createVethPair']);
    expect(one.stdout).toMatch(/^\$ ip link add name int_hote .*type veth peer name int_conteneur/m);
    expect(one.stdout).not.toContain('docker');
  });
});
