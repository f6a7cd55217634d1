import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import type { RunHandle } from '../../src/engine/run/engine.ts';
import { runnerOf } from '../../src/engine/workflow/define-step.ts';
import { openHistory } from '../../src/history/open.ts';
import { systemClock } from '../../src/host/machine/clock.ts';
import { ownProcess } from '../../src/host/processes/process.ts';
import { loaded, openFolderHost } from '../support/in-process/folder-host.ts';
import { EVERY_CASE } from '../support/rotation.ts';

const RACES = EVERY_CASE ? 1_000 : 200;
/** The number of concurrent runs. */
const AT_ONCE = 20;
const WITHIN_MS = 150;
/** Confirmations arrive up to about this long before and after the deadline. */
const AROUND_MS = 40;
/** The longest time that a confirmation may take to arrive: it is sent that much earlier. */
const LEAD_MS = WITHIN_MS - AROUND_MS;

test(`a run is either confirmed or undone, and the sender gets the outcome: ${RACES} races around the deadline`, async () => {
  const host = openFolderHost();
  const others = openHistory(host.database);
  const sender = host.engineOf({ history: others });
  const { bootId } = ownProcess();
  const machine = setup({
    types: { context: { file: '' } },
    actors: { makeFile: host.makeFile },
  }).createMachine({
    context: ({ self }) => ({ file: self.id }),
    initial: 'first',
    states: {
      first: {
        invoke: { id: 'a', src: 'makeFile', input: ({ context }) => ({ name: context.file }), onDone: 'end' },
      },
      end: { type: 'final' },
    },
  });
  const workflow = loaded({
    name: 'race',
    version: '1',
    description: '',
    input: z.object({}),
    machine,
    keepsChanges: true,
  });
  const runner = (kind: string) => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined);
  const rule = {
    withinMs: WITHIN_MS,
    applyWithinMs: 600_000,
    newSession: false,
    probe: null,
    guard: false,
  };
  const outcomes = { confirmed: 0, undone: 0 };
  // On a busy machine a confirmation takes longer, and would always come too late.
  let leadMs = 0;

  async function race(index: number): Promise<void> {
    let onUnconfirmed: (deadlineMs: number) => void = () => {};
    const unconfirmed = new Promise<number>((resolve) => {
      onUnconfirmed = resolve;
    });
    const handle: RunHandle = await host.start(
      workflow,
      {},
      { confirm: rule },
      {
        committed({ event }) {
          if (event.type === 'unconfirmed') onUnconfirmed(event.deadline.dueMs);
        },
      },
    );
    const deadlineMs = await unconfirmed;
    const askAt = deadlineMs - leadMs - AROUND_MS + (2 * AROUND_MS * index) / RACES;
    await new Promise<void>((resolve) => {
      systemClock.after(Math.max(0, askAt - systemClock.sinceBoot()), resolve);
    });
    const stamp = { bootId, sinceBootMs: systemClock.sinceBoot(), session: null };
    const { outcome } = await sender.deliver({
      run: handle.id,
      by: { user: 'ann', sudoUser: null, host: 'here' },
      comment: null,
      demand: { kind: 'confirm', extendMs: null, stamp },
      advance: async () => {
        await (await sender.conclude({ run: handle.id, runner }, 'answered'))?.result;
      },
    });
    const result = await handle.result;
    const isKept = existsSync(path.join(host.folder, handle.id));
    const seen = { answer: outcome.type, status: result.type === 'ended' ? result.end.status : result.type, isKept };
    if (outcome.type === 'handled') {
      expect(seen).toEqual({ answer: 'handled', status: 'succeeded', isKept: true });
      outcomes.confirmed += 1;
      leadMs = Math.max(0, leadMs - 1);
    } else {
      expect(seen).toEqual({ answer: 'refused', status: 'rolled-back', isKept: false });
      // One transaction decides: a confirmation that was sent in time, and stored before the rollback began, is never refused.
      const journal = host.history.journal(handle.id);
      const asked = journal.findIndex(({ event }) => event.type === 'requested');
      const undone = journal.findIndex(({ event }) => event.type === 'rolling-back');
      if (stamp.sinceBootMs < deadlineMs && asked !== -1) expect(asked).toBeGreaterThan(undone);
      outcomes.undone += 1;
      leadMs = Math.min(LEAD_MS, leadMs + 1);
    }
  }

  try {
    let next = 0;
    const lane = async () => {
      while (next < RACES) await race(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    expect(outcomes.confirmed + outcomes.undone).toBe(RACES);
    // Both ends of the range are tried.
    expect(Math.min(outcomes.confirmed, outcomes.undone)).toBeGreaterThan(RACES / 20);
  } finally {
    others.close();
    host.close();
  }
}, 300_000);
