import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { formsOf } from '../../../src/engine/secrets/secret-forms.ts';
import { newSeed, publicKeyOf } from '../../../src/fleet/secrets/seal.ts';
import type { RunningWf } from '../../support/command/run-wf.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../../support/fleet/fleet-world.ts';
import { folderOfFile } from '../../support/host/file-folder.ts';

const LOGIN = readFileSync(new URL('../../fixtures/workflows/login.ts', import.meta.url), 'utf8');
const TOKEN = `token-${randomBytes(12).toString('hex')}`;
/** An input that is not secret: a search that finds it would have found the token. */
const NOTE = `note-${randomBytes(12).toString('hex')}`;
const DIGEST = `${createHash('sha256').update(TOKEN).digest('hex')}  -`;

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld({ 'workflows/login.ts': LOGIN });
});

const joinedSchema = z.object({ keyFingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/) });

const linesOf = ({ project }: TestHost, name: 'in' | 'out') =>
  readFileSync(path.join(project.folder, 'site', name), 'utf8')
    .trimEnd()
    .split('\n');

const shownSchema = z.object({ mailbox: z.looseObject({ session: z.looseObject({ publicKey: z.string() }) }) });

/** Gives operators another key for a host, as anyone who controls Restate can. */
async function swapKey(host: string, publicKey: string): Promise<void> {
  const { restate } = world;
  const shown = await fetch(`${restate.url}/wf-host/${host}/show`, { method: 'POST' });
  const { mailbox } = shownSchema.parse(await shown.json());
  const swapped = { ...mailbox, session: { ...mailbox.session, publicKey } };
  const answer = await fetch(`${restate.admin}/services/wf-host/state`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ object_key: host, new_state: { mailbox: [...Buffer.from(JSON.stringify(swapped))] } }),
  });
  expect(answer.status, await answer.text()).toBe(202);
  await vi.waitFor(async () => {
    const again = await fetch(`${restate.url}/wf-host/${host}/show`, { method: 'POST' });
    expect(shownSchema.parse(await again.json()).mailbox.session.publicKey).toBe(publicKey);
  }, 30_000);
}

/** Returns the files below a folder that contain one of these texts. */
async function filesWith(texts: Iterable<string>, folder: string): Promise<readonly string[]> {
  const patterns = [...texts].flatMap((text) => ['-e', text]);
  const only = ['--recursive', '--files-with-matches', '--text', '--fixed-strings', '--exclude=secret'];
  const { stdout } = await execa('grep', [...only, ...patterns, folder], { reject: false });
  return stdout.split('\n').filter((line) => line !== '');
}

test('a host and its operators see the same fingerprint of its key, which it keeps', async () => {
  const host = world.host('srh-4');
  const joined = async (agent: RunningWf) => joinedSchema.parse(JSON.parse(await agent.printed(/"did":"joined"/)));
  const first = await host.start([]);
  const { keyFingerprint } = await joined(first);
  const operators = await world.fleet('hosts', '--json');
  expect(operators.json()).toContainEqual(expect.objectContaining({ host: 'srh-4', keyFingerprint }));
  expect((await world.fleet('hosts')).stdout).toContain(` ${keyFingerprint}`);
  first.kill('SIGKILL');
  await first.end;
  expect(await joined(await host.start([]))).toEqual({ keyFingerprint });
});

test('an operator that knows the hosts seals nothing to a key that was swapped in Restate', async () => {
  const host = world.host('srh-5');
  const agent = await host.join();
  host.put('go');
  const file = path.join(folderOfFile(), 'secret');
  writeFileSync(file, TOKEN, { mode: 0o600 });
  const known = path.join(folderOfFile(), 'known-hosts');
  const start = (id: string) =>
    world.fleet(
      ...['start', 'login', '--hosts', 'srh-5', '--id', id, '--detach', '--input', `token=@file:${file}`],
      ...['--known-hosts', known],
    );
  expect(await start('srhd')).toMatchObject({ exitCode: 0 });
  await world.untilStatus('srhd', 'succeeded');
  const before = readFileSync(known, 'utf8');
  expect(before).toMatch(/^srh-5 SHA256:\S{43}\n$/);

  agent.kill('SIGKILL');
  await agent.end;
  await swapKey('srh-5', await publicKeyOf(newSeed()));
  const refused = await start('srhe');
  expect(refused.stderr).toMatch(/^error E_UNTRUSTED: the key of host srh-5 is SHA256:\S+, and was SHA256:/);
  expect((await world.fleet('show', 'srhe')).stderr).toContain('E_FLEET_NOT_FOUND');
  expect(readFileSync(known, 'utf8')).toBe(before);
});

test('a secret that a host would take for a reference to its files is refused, untouched', async () => {
  const host = world.host('srh-3');
  await host.join();
  const file = path.join(folderOfFile(), 'secret');
  writeFileSync(file, '@file:/etc/hostname', { mode: 0o600 });
  const input = ['--input', `token=@file:${file}`];
  const refused = await world.fleet('start', 'login', '--hosts', 'srh-3', '--id', 'srhc', '--json', ...input);
  expect(refused.json()).toMatchObject({ hosts: [{ status: 'refused', error: { code: 'E_INPUT' } }] });
  expect(host.log()).toEqual([]);
});

// This test is last because it ends the world.
test('a secret is sealed to each host, which has it for the run, its resume, its undo and its retry', async () => {
  const [killed, other] = [world.host('srh-1'), world.host('srh-2')];
  const agents = await Promise.all([killed.join(), other.join()]);
  const file = path.join(folderOfFile(), 'secret');
  writeFileSync(file, TOKEN, { mode: 0o600 });
  const input = ['--input', `token=@file:${file}`, '--input', `note=${NOTE}`];
  const started = await world.fleet('start', 'login', '--hosts', 'srh-1,srh-2', '--id', 'srha', '--detach', ...input);
  expect(started).toMatchObject({ exitCode: 0, stdout: 'srha\n' });
  await Promise.all([world.untilUnderWay(killed), world.untilUnderWay(other)]);
  await killed.crash(agents[0]);
  const again = await killed.join();
  for (const host of [killed, other]) host.put('go');
  const record = await world.untilStatus('srha', 'succeeded');
  expect(record.input).toEqual({ note: NOTE });
  for (const host of [killed, other]) expect(linesOf(host, 'in')).toEqual([DIGEST]);

  await world.fleet('rollback', 'srha');
  await world.untilStatus('srha', 'rolled-back');
  for (const host of [killed, other]) expect(linesOf(host, 'out')).toEqual([DIGEST]);
  await world.fleet('retry', 'srha', '--id', 'srhb', '--detach');
  await world.untilStatus('srhb', 'succeeded');
  for (const host of [killed, other]) expect(linesOf(host, 'in')).toEqual([DIGEST]);

  await world.restate.kill();
  const programs = [again, agents[1], world.handlers()];
  for (const program of programs) program.kill('SIGKILL');
  const ends = await Promise.all(programs.map(({ end }) => end));
  const forms = [...formsOf(TOKEN).values()];
  for (const { stdout, stderr } of ends) {
    expect(forms.filter((form) => stdout.includes(form) || stderr.includes(form))).toEqual([]);
  }
  expect(await filesWith(forms, folderOfFile())).toEqual([]);
  const found = await filesWith([NOTE], folderOfFile());
  const places = [world.restate.folder, killed.project.database, other.project.database];
  expect(
    places.filter((place) => !found.some((name) => name.startsWith(place))),
    found.join('\n'),
  ).toEqual([]);
});
