import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processOf } from '../../../src/host/processes/process.ts';
import { canActAsOrdinaryUser } from '../../support/command/ordinary-user.ts';
import { describeOwnNetwork, eventually } from '../../support/host/own-network.ts';
import {
  markedPids,
  type PrivateHostUser,
  privateHostUser,
  USERS,
  type User,
} from '../../support/host/private-host.ts';

const PATIENCE_MS = 20_000;
/** A program whose processes are found by their arguments, and which does not end by itself. */
const LONG = ['sh', '-c', 'sleep 301 & sleep 302'];

let marks = 0;

async function startHost(user: User) {
  marks += 1;
  const mark = `command-${process.pid}-${marks}@${marks}`;
  const wf = another(user, mark);
  const host = await wf.start(mark);
  return { mark, wf, host };
}

function another(user: User, mark: string): PrivateHostUser {
  const wf = privateHostUser(user);
  onTestFinished(async () => {
    await wf.kill();
    // The kernel ends all processes of a private host with its first one. Root does not own the hosts of other users.
    for (const pid of markedPids(mark)) killIfAlive(pid);
    await eventually(() => markedPids(mark).length === 0, PATIENCE_MS);
  });
  return wf;
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended meanwhile.
  }
}

/** Returns the living processes of the machine with this variable in their environment. */
function withVariable(variable: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const alive = !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
        return alive && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

function markFor(mark: string): { readonly env: Record<string, string>; readonly variable: string } {
  return { env: { WF_TESTED: mark }, variable: `WF_TESTED=${mark}` };
}

describeOwnNetwork('commands in a private host', () => {
  describe.each(USERS)('as %s', (user) => {
    describe.skipIf(user !== 'root' && !canActAsOrdinaryUser())('in a readable checkout', () => {
      it('return their exit code, signal and output', async () => {
        const { mark, wf } = await startHost(user);
        const shell = (script: string, options: object = {}) => wf.command(['sh', '-c', script], options);
        expect(await shell('cat; echo oops >&2; exit 3', { stdin: 'in\n' })).toMatchObject({
          end: { type: 'exited', exitCode: 3 },
          stdout: 'in\n',
          stderr: 'oops\n',
          truncated: false,
        });
        expect(await shell('cat')).toMatchObject({ end: { type: 'exited', exitCode: 0 }, stdout: '' });
        expect(await shell('kill -USR1 $$')).toMatchObject({ end: { type: 'killed', signal: 'SIGUSR1' } });
        expect(await shell('echo 123456', { maxOutputBytes: 3 })).toMatchObject({ stdout: '123', truncated: true });
        expect((await shell('echo $WF_TESTED $LC_ALL', { env: { WF_TESTED: 'a' } })).stdout).toBe('a C\n');
        expect((await shell('echo $WF_PRIVATE_HOST', { env: { WF_PRIVATE_HOST: 'b' } })).stdout).toBe(`${mark}\n`);
        await expect(wf.command(['no-such-program'], { env: { PATH: '/usr/bin' } })).rejects.toMatchObject({
          code: 'E_TOOL_MISSING',
        });
        await expect(wf.command(['/etc/passwd'])).rejects.toMatchObject({ code: 'E_PERMISSION' });
      });

      it('run in the namespace of a container, unless it has changed', async () => {
        const { wf, host } = await startHost(user);
        const { pid } = await wf.run('AppDev', await wf.createNetwork('devops'), 'http-echo', ['-text', 'x']);
        const namespace = { path: `/proc/${pid}/ns/net`, inode: null, process: processOf(pid) };
        const argv = ['ip', '-brief', 'address', 'show', 'dev', 'eth0'];
        expect((await wf.command(argv, { namespace })).stdout).toContain('172.18.0.2/16');
        await expect(
          wf.command(['no-such-program'], { namespace, env: { PATH: '/usr/bin:/usr/sbin' } }),
        ).rejects.toMatchObject({ code: 'E_TOOL_MISSING' });
        for (const other of [
          { ...namespace, inode: host.namespace.inode },
          { ...namespace, process: { ...namespace.process, startTime: '1' } },
        ])
          await expect(wf.command(argv, { namespace: other })).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
      });

      it.each(['timed-out', 'aborted'] as const)('end with all their children (%s)', async (type) => {
        const { mark, wf } = await startHost(user);
        const { env, variable } = markFor(mark);
        const ending = type === 'timed-out' ? { timeoutMs: 300 } : {};
        const stubborn = ['sh', '-c', `trap '' TERM; echo begun; ${LONG[2]}`];
        const result = await wf.command(stubborn, { ...ending, env }, type === 'aborted' ? 300 : null);
        expect(result).toMatchObject({ end: { type }, stdout: 'begun\n' });
        expect(withVariable(variable)).toEqual([]);
      });

      it('are killed at once if wf is killed', async () => {
        const { mark, wf } = await startHost(user);
        await wf.keep();
        const { env, variable } = markFor(mark);
        void wf.command(LONG, { env }).catch(() => undefined);
        await eventually(() => withVariable(variable).length === 3, PATIENCE_MS);
        await wf.kill();
        await eventually(() => withVariable(variable).length === 0, PATIENCE_MS);
        expect(markedPids(mark), 'the private host stays').not.toEqual([]);
      });

      it('end when another wf claims the private host, and their caller gets E_LEASE_LOST', async () => {
        const { mark, wf, host } = await startHost(user);
        await wf.keep();
        const { env, variable } = markFor(mark);
        const outcome = wf.command(LONG, { env }).catch((thrown: unknown) => thrown);
        await eventually(() => withVariable(variable).length === 3, PATIENCE_MS);
        const second = another(user, mark);
        await second.find(mark, host.process);
        await second.claim();
        expect(withVariable(variable)).toEqual([]);
        expect(await outcome).toMatchObject({ code: 'E_LEASE_LOST', message: expect.stringContaining('taken over') });
      });

      it('never run for a dead wf once another wf has claimed the private host', async () => {
        const { mark, wf, host } = await startHost(user);
        await wf.keep();
        const file = '/run/touched';
        const { env, variable } = markFor(mark);
        await wf.command(['true']);
        process.kill(host.process.pid, 'SIGSTOP');
        void wf.command(['sh', '-c', `sleep 0.5; : > ${file}`], { env }).catch(() => undefined);
        const second = another(user, mark);
        await second.find(mark, host.process);
        await wf.kill();
        const claimed = second.claim();
        expect(await Promise.race([claimed, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).toBe(
          'waits',
        );
        process.kill(host.process.pid, 'SIGCONT');
        await claimed;
        expect(withVariable(variable)).toEqual([]);
        await second.command(['sleep', '1']);
        const untouched = ['test', '!', '-e', file];
        expect(await second.command(untouched)).toMatchObject({ end: { type: 'exited', exitCode: 0 } });
      });
    });
  });
});
