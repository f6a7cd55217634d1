import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hostNameSchema } from '../../../src/fleet/model/ids.ts';
import { emptyMailbox, sessionRequestSchema } from '../../../src/fleet/model/mailbox.ts';
import { openSecretsOf } from '../../../src/fleet/secrets/host-secrets.ts';
import { keyFingerprint } from '../../../src/fleet/secrets/key-fingerprint.ts';
import { newSeed, publicKeyOf } from '../../../src/fleet/secrets/seal.ts';
import { sealSecrets } from '../../../src/fleet/secrets/seal-secrets.ts';
import { folderOfFile } from '../../support/host/file-folder.ts';

const [WEB1, WEB2] = [hostNameSchema.parse('web1'), hostNameSchema.parse('web2')];
const HASH = 'a'.repeat(64);
const VALUES = { token: 'correct horse', password: 'è\n'.repeat(4_000) };

async function host(name: typeof WEB1, seed = newSeed()) {
  const session = { session: 'session-1', agent: 'agent-one', boot: 'b', labels: {}, version: '1' };
  const publicKey = await publicKeyOf(seed);
  const state = {
    ...emptyMailbox(name),
    session: sessionRequestSchema.parse({ ...session, publicKey }),
    items: 0,
  };
  return { seed, publicKey, state, open: openSecretsOf(name, seed) };
}

test('each host opens its own secrets, and no other one does', async () => {
  const [web1, web2] = [await host(WEB1), await host(WEB2)];
  const sealed = await sealSecrets(VALUES, HASH, [WEB1, WEB2], [web1.state, web2.state], null);
  expect(JSON.stringify(sealed)).not.toContain('correct horse');
  expect([await web1.open(sealed['web1'], HASH), await web2.open(sealed['web2'], HASH)]).toEqual([VALUES, VALUES]);
  await expect(web2.open(sealed['web1'], HASH)).rejects.toMatchObject({ code: 'E_INPUT' });
  // The same key under another name: a mailbox that was given the item of another one.
  const clone = await host(WEB2, web1.seed);
  expect(clone.publicKey).toBe(web1.publicKey);
  await expect(clone.open(sealed['web1'], HASH)).rejects.toMatchObject({ code: 'E_INPUT' });
});

test('a secret opens for no other workflow and no other input, and not if it was altered', async () => {
  const web1 = await host(WEB1);
  const { token = '' } = (await sealSecrets(VALUES, HASH, [WEB1], [web1.state], null))['web1'] ?? {};
  await expect(web1.open({ token }, 'b'.repeat(64))).rejects.toMatchObject({ code: 'E_INPUT' });
  await expect(web1.open({ printed: token }, HASH)).rejects.toMatchObject({ code: 'E_INPUT' });
  const altered = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  await expect(web1.open({ token: altered }, HASH)).rejects.toMatchObject({ code: 'E_INPUT' });
  expect(await web1.open({ token }, HASH)).toEqual({ token: 'correct horse' });
  expect(await web1.open(undefined, HASH)).toEqual({});
});

test('the fingerprint of a key is that of OpenSSH: SHA-256 in base64 without padding', () => {
  // From `head -c 32 /dev/zero | openssl dgst -sha256 -binary | openssl base64`.
  expect(keyFingerprint('A'.repeat(43))).toBe('SHA256:Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU');
  expect(keyFingerprint(undefined)).toBeNull();
});

test('a secret is sealed only to the key of a host in the file of known hosts, which gains new hosts', async () => {
  const file = path.join(folderOfFile(), 'known-hosts');
  writeFileSync(file, '# compared by ann', { mode: 0o600 });
  const [web1, web2, swapped] = [await host(WEB1), await host(WEB2), await host(WEB1)];
  const sealing = (...hosts: readonly (typeof web1)[]) => {
    const states = hosts.map(({ state }) => state);
    return sealSecrets(
      VALUES,
      HASH,
      states.map(({ host: name }) => name),
      states,
      file,
    );
  };
  await sealing(web1);
  const line = `web1 ${keyFingerprint(web1.publicKey)}\n`;
  expect(readFileSync(file, 'utf8')).toBe(`# compared by ann\n${line}`);
  await expect(sealing(web2, swapped)).rejects.toMatchObject({
    code: 'E_UNTRUSTED',
    message: `the key of host web1 is ${keyFingerprint(swapped.publicKey)}, and was ${keyFingerprint(web1.publicKey)}`,
  });
  expect(readFileSync(file, 'utf8')).toBe(`# compared by ann\n${line}`);
  await sealing(web1, web2);
  expect(readFileSync(file, 'utf8')).toBe(`# compared by ann\n${line}web2 ${keyFingerprint(web2.publicKey)}\n`);
  writeFileSync(file, 'web1 SHA256\n');
  await expect(sealing(web1)).rejects.toMatchObject({
    code: 'E_USAGE',
    message: expect.stringContaining('"web1 SHA256"'),
  });
  chmodSync(file, 0o666);
  await expect(sealing(web1)).rejects.toMatchObject({ code: 'E_UNTRUSTED' });
});

test('nothing is sealed if one host has no key', async () => {
  const web1 = await host(WEB1);
  const states = [web1.state, { ...emptyMailbox(WEB2), items: 0 }];
  const sealing = sealSecrets(VALUES, HASH, [WEB1, WEB2], states, null);
  await expect(sealing).rejects.toMatchObject({ code: 'E_HOST_NOT_FOUND', message: expect.stringContaining('web2') });
});
