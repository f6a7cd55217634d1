import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRunJournal } from '../../../../src/engine/journal/run-journal.ts';
import type { Change } from '../../../../src/engine/model/change.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import type { JournalEvent } from '../../../../src/engine/model/journal-event.ts';
import { NO_CRASH_POINTS } from '../../../../src/engine/ports/crash-points.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import { systemClock } from '../../../../src/host/machine/clock.ts';
import { AT, DEFINITION, headerOf, OWNER } from '../../../fixtures/history/samples.ts';
import { type FolderHost, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

const CHANGE: Change = {
  seq: 1,
  step: asStepId('a'),
  kind: 'test.kind',
  target: 'x',
  record: {},
  undo: [],
  status: 'intended',
  reason: null,
  bootId: 'boot',
};
const INTENDED: JournalEvent = { type: 'change.intended', change: CHANGE };

/** Opens a journal whose history refuses the first `refusals` writes, and has `reserves` reserves to free. */
function journalOf(refusals: number, reserves: number) {
  const header = headerOf('full');
  const lease = host.history.create(header, DEFINITION, OWNER, [], AT);
  const left = { refusals, reserves };
  const history: typeof host.history = {
    ...host.history,
    append: (...given) => {
      left.refusals -= 1;
      if (left.refusals >= 0) throw new WfError('E_DISK_FULL', 'no room', { hint: 'Make room.' });
      return host.history.append(...given);
    },
    freeReserve: () => {
      left.reserves -= 1;
      return left.reserves >= 0;
    },
  };
  const parts = { history, lease, clock: systemClock, crashPoints: NO_CRASH_POINTS, observer: {}, secrets: NO_SECRETS };
  const journal = openRunJournal(parts);
  return { journal, left, written: () => host.history.journal(header.id).map(({ event }) => event.type) };
}

test('an append on a full disk is refused, and not kept in memory', async () => {
  const { journal, left, written } = journalOf(1, 1);
  await expect(journal.append([INTENDED])).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  expect([journal.changes(), written(), left.reserves]).toEqual([[], [], 1]);
});

test('a journal that tolerates a full disk frees the reserve first', async () => {
  const { journal, written } = journalOf(2, 2);
  journal.tolerateFullDisk();
  await journal.append([INTENDED]);
  expect([journal.changes(), written(), journal.unrecorded()]).toEqual([[CHANGE], ['change.intended'], undefined]);
});

test('a journal that tolerates a full disk keeps an append in memory once the reserve is used', async () => {
  const { journal, written } = journalOf(2, 1);
  journal.tolerateFullDisk();
  await journal.append([INTENDED]);
  expect([journal.changes(), written()]).toEqual([[CHANGE], []]);
  expect(journal.unrecorded()).toMatchObject({ code: 'E_DISK_FULL' });
});
