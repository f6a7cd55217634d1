import { relativeTimeText } from '../../review/text/format/duration.ts';
import { tableLines } from '../../review/text/format/table.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';

/** A fleet run in a list. Times are in milliseconds since the epoch. */
export interface ListedFleet {
  readonly id: string;
  readonly workflow: string;
  readonly status: string;
  readonly hosts: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

/** Returns the list of fleet runs. */
export function fleetListLines(fleets: readonly ListedFleet[], now: number, style: TextStyle): readonly string[] {
  return tableLines(
    [
      { title: 'FLEET RUN' },
      { title: 'WORKFLOW', shrinksTo: 8 },
      { title: 'STATUS' },
      { title: 'HOSTS', align: 'right' },
      { title: 'CREATED' },
    ],
    fleets.map(({ id, workflow, status, hosts, createdAt }) => [
      id,
      workflow,
      status,
      String(hosts),
      relativeTimeText(createdAt, now),
    ]),
    style,
  );
}
