import { mkdtempSync } from 'node:fs';
import { connect } from 'node:http2';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { restateTransport } from '../../../src/fleet/restate/restate-transport.ts';
import { serveHandlers } from '../../../src/fleet/restate/serve-handlers.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { identityKeyOf, startRestate } from '../../support/fleet/restate.ts';
import { folderOfFile } from '../../support/host/file-folder.ts';

const newKey = async () => {
  const file = path.join(mkdtempSync(path.join(folderOfFile(), 'identity-')), 'identity.pem');
  await execa('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file]);
  return file;
};

/** Sends a request to the handlers, as a program of this machine can. Returns the HTTP status. */
async function call(port: number, at: string): Promise<number> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise<number>((resolve, reject) => {
      session.once('error', reject);
      const request = session.request({ ':method': 'POST', ':path': at });
      request.once('response', ({ ':status': status = 0 }) => resolve(status));
      request.once('error', reject);
      request.end();
    });
  } finally {
    session.destroy();
  }
}

test('handlers with a key accept the requests of their Restate, and refuse others', async () => {
  const key = await newKey();
  const restate = await startRestate({
    settings: { RESTATE_WORKER__INVOKER__REQUEST_IDENTITY_PRIVATE_KEY_PEM_FILE: key },
  });
  const warnings: string[] = [];
  const identityKeys = [identityKeyOf(await newKey()), identityKeyOf(key)];
  const serve = (identityKeys: readonly string[]) =>
    serveHandlers({ port: 0, address: null, admin: restate.admin, identityKeys, warn: (line) => warnings.push(line) });
  const strict = await serve(identityKeys);
  expect(await restateTransport(restate.url, systemClock).fleets()).toEqual([]);
  expect(await call(strict.port, '/invoke/wf-directory/hosts')).toBe(401);
  expect(warnings.join()).toContain('missing header: x-restate-signature-scheme');
  await strict.close();

  const open = await serve([]);
  expect(await call(open.port, '/invoke/wf-directory/hosts')).not.toBe(401);
  await open.close();
});

test('a malformed key is refused', async () => {
  const { stderr } = await openProject().wf(['fleet', 'serve', '--identity-key', 'publickeyv1_0']);
  expect(stderr).toMatch(/^error E_USAGE: --identity-key publickeyv1_0 is not a public key of Restate/);
});
