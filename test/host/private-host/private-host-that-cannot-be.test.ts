import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { describeOwnNetwork } from '../../support/host/own-network.ts';
import { testProgram } from '../../support/programs/test-program.ts';

const LIMIT = fileURLToPath(new URL('../../fixtures/host/without-namespaces.mjs', import.meta.url));
const OWN_USER_NAMESPACE = ['unshare', '--user', '--map-root-user', '--', process.execPath, LIMIT];
/** Runs a command without capabilities, like an ordinary user. */
const WITHOUT_RIGHTS = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'];

/** Starts a private host behind a wrapper, and returns the error. */
function refusal(wrapper: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const argv = [...wrapper, process.execPath, testProgram('host/private-host')];
  const [program = '', ...args] = argv;
  const { stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    input: `${JSON.stringify({ do: 'start', mark: 'never@1' })}\n`,
    env: { ...process.env, ...env },
  });
  expect(stdout, stderr).not.toBe('');
  const error = z.object({ code: z.string(), message: z.string(), hint: z.string() });
  return z.object({ error }).parse(JSON.parse(stdout)).error;
}

describeOwnNetwork('a machine that cannot start a private host', () => {
  it('names the setting that forbids user namespaces, and how to change it', () => {
    expect(refusal([...OWN_USER_NAMESPACE, 'user', ...WITHOUT_RIGHTS])).toEqual({
      code: 'E_RUNTIME_UNAVAILABLE',
      message: 'the embedded runtime cannot create namespaces on this machine: user.max_user_namespaces is 0',
      hint: expect.stringContaining('sudo sysctl user.max_user_namespaces='),
    });
  });

  it('reports the error of unshare if no network namespace is left', () => {
    expect(refusal([...OWN_USER_NAMESPACE, 'net'])).toMatchObject({
      code: 'E_RUNTIME_UNAVAILABLE',
      message: expect.stringContaining('unshare failed: No space left on device'),
    });
  });

  it('names the package of a missing tool', () => {
    expect(refusal([], { PATH: '/nonexistent' })).toEqual({
      code: 'E_TOOL_MISSING',
      message: 'unshare is not installed',
      hint: expect.stringContaining('apt-get install util-linux'),
    });
  });
});
