import { expect, test } from 'vitest';
import { createSlots } from '../../../src/library/commands/slots.ts';
import { ACTING_TOOLS } from '../../../src/mcp/acting-tools.ts';
import type { Call } from '../../../src/mcp/wf-calls.ts';

test('a limited number of tasks run at a time, in order, also after one has failed', async () => {
  const inSlot = createSlots(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const task = (number: number) =>
    inSlot(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (number === 0) throw new Error('failed');
      return number;
    });
  const all = [0, 1, 2, 3].map(task);
  await expect.poll(() => begun).toEqual([0, 1]);
  ends[0]?.();
  await expect(all[0]).rejects.toThrow('failed');
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  ends[1]?.();
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  expect(await Promise.all(all.slice(1))).toEqual([1, 2, 3]);
});

test('no command line contains inputs or event data, because other users can read it', async () => {
  const calls: Call[] = [];
  const wf = {
    allowActions: true,
    read: () => Promise.reject(new Error('reads nothing')),
    act: async (call: Call) => {
      calls.push(call);
      return undefined;
    },
    close: () => {},
  };
  const payload = { words: 'hush' };
  const given: Readonly<Record<string, object>> = {
    send_event: { run: 'r1', event: 'go', data: payload },
    start_run: { workflow: 'w', input: payload },
  };
  for (const tool of ACTING_TOOLS) {
    const args = given[tool.name];
    if (args !== undefined) await tool.call(args, wf, new AbortController().signal);
  }
  expect(calls.map(({ stdin }) => stdin)).toEqual([JSON.stringify(payload), JSON.stringify(payload)]);
  expect(JSON.stringify(calls.map(({ argv }) => argv))).not.toContain('hush');
});
