import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { changedWf } from '../../support/fleet/changed-wf.ts';
import { watchHosts } from '../../support/fleet/fleet-oracle.ts';
import { type FleetWorld, openFleetWorld, type TestHost } from '../../support/fleet/fleet-world.ts';
import { freePort } from '../../support/host/free-port.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

let world: FleetWorld;
beforeAll(async () => {
  world = await openFleetWorld();
});
const watched = watchHosts();

/** The machine may be under load. */
const PATIENCE = { timeout: 60_000, interval: 200 };
/** Restate suspends a call that waits for 10 s. */
const TEST_MS = 180_000;

let other: string | undefined;
/** Returns another version, which begins the journal of each call with one more entry. The journal of a running call lacks it. */
function otherVersion(): string {
  if (other !== undefined) return other;
  const handlers = ['open', 'next', 'look', 'offer', 'answer', 'report', 'addHost', 'start', 'demand'];
  const code = (name: string) => `await ctx.run("other",()=>1);process.stderr.write("other ${name}\\n");`;
  other = changedWf(Object.fromEntries(handlers.map((name) => [name, code(name)])));
  return other;
}

const callsSchema = z.object({ rows: z.array(z.object({ target: z.string(), status: z.string() })) });

/** Waits until Restate has a call of a handler of a host in this state. */
async function untilCall(host: TestHost, handler: string, status: string): Promise<void> {
  const query = "SELECT target, status FROM sys_invocation WHERE status <> 'completed'";
  await vi.waitFor(async () => {
    const answer = await fetch(`${world.restate.admin}/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { rows } = callsSchema.parse(await answer.json());
    expect(rows).toContainEqual({ target: `wf-host/${host.name}/${handler}`, status });
  }, PATIENCE);
}

async function joined(name: string): Promise<TestHost> {
  const host = watched(world.host(name));
  await host.join();
  return host;
}

const start = (host: TestHost, id: string) =>
  world.fleet('start', 'site', '--hosts', host.name, '--id', id, '--input', 'waits=true', '--detach');

async function expectUndone(host: TestHost, id: string): Promise<void> {
  await world.fleet('rollback', id);
  await world.untilStatus(id, 'rolled-back');
  expect(host.folders()).toEqual([]);
}

async function takeOverAtAnotherPort(poll: 'running' | 'suspended'): Promise<void> {
  await world.serve({ port: await freePort() });
  const [host, id] = [await joined(`hau-${poll}`), `hau${poll}`];
  await start(host, id);
  await world.untilUnderWay(host);
  await untilCall(host, 'next', poll);
  const old = world.handlers();
  await world.serve({ port: await freePort(), program: otherVersion() });
  old.kill('SIGKILL');
  await old.end;
  host.put('go');
  await world.untilStatus(id, 'succeeded');
  await world.handlers().line(/^other report/);
  await expectUndone(host, id);
}

async function takeOverAtTheSamePort(): Promise<void> {
  const port = await freePort();
  await world.serve({ port });
  const [host, id] = [await joined('hau-b1'), 'haub'];
  await start(host, id);
  await world.untilUnderWay(host);
  await untilCall(host, 'next', 'suspended');
  const old = world.handlers();
  old.kill('SIGTERM');
  expect((await old.end).exitCode).toBe(0);
  await world.serve({ port, program: otherVersion() });
  host.put('go');
  await world.handlers().line(/Found a mismatch/);
  await world.untilStatus(id, 'succeeded');
  await expectUndone(host, id);
}

/** Begins an answer, which waits for `finish`. Then other handlers serve on another port. */
async function beginAnswer(name: string, id: string) {
  const host = await joined(name);
  const file = path.join(host.project.folder, 'finish');
  const wait = 'await new Promise((resolve)=>setTimeout(resolve,20))';
  const answer = `await ctx.run("begun",()=>1);process.stderr.write("begun\\n");while(!require("node:fs").existsSync(${JSON.stringify(file)}))${wait};`;
  const old = { port: await freePort(), program: changedWf({ answer }) };
  await world.serve(old);
  host.put('go');
  await start(host, id);
  const handlers = world.handlers();
  await handlers.line(/^begun/);
  await world.serve({ port: await freePort(), program: otherVersion() });
  return { host, old, handlers, finish: () => writeFileSync(file, '') };
}

async function endBeforeHandlers(): Promise<void> {
  const { host, handlers, finish } = await beginAnswer('hau-c1', 'hauc');
  handlers.kill('SIGTERM');
  finish();
  expect((await handlers.end).exitCode).toBe(0);
  await world.untilStatus('hauc', 'succeeded');
  await expectUndone(host, 'hauc');
}

async function endWithRestartedHandlers(): Promise<void> {
  const { host, old, handlers, finish } = await beginAnswer('hau-d1', 'haud');
  handlers.kill('SIGKILL');
  await handlers.end;
  await untilCall(host, 'answer', 'backing-off');
  finish();
  await world.serve(old);
  await world.untilStatus('haud', 'succeeded');
  // Restate calls the handlers that were started last.
  const again = world.handlers();
  await world.serve({ port: await freePort(), program: otherVersion() });
  again.kill('SIGTERM');
  await again.end;
  await expectUndone(host, 'haud');
}

const TAKEN_OVER = [
  ['at another port, from a dead poll that was running', () => takeOverAtAnotherPort('running')],
  ['at another port, from a dead poll that was suspended', () => takeOverAtAnotherPort('suspended')],
  ['at the same port, to whose journals a suspended poll does not fit', takeOverAtTheSamePort],
] as const;

describe('other handlers take over a fleet run that is under way', () => {
  test.for(inTurn(TAKEN_OVER, 2))('%s', { timeout: TEST_MS }, ([, takeOver]) => takeOver());
});

const ENDS = [
  ['ends before they do', endBeforeHandlers],
  ['waits for them if they are killed, and ends once they are started again', endWithRestartedHandlers],
] as const;

describe('a call that changes state, and is under way in handlers that end,', () => {
  test.for(chosen(ENDS))('%s', { timeout: TEST_MS }, ([, end]) => end());
});
