import type { CrashPoints } from '../../engine/ports/crash-points.ts';
import type { MailboxTransport } from '../fleet-transport.ts';
import type { LocalParts } from './local-parts.ts';

/** Lets a test kill an agent before and after each call to its mailbox. */
export function mailboxWithCrashPoints(transport: MailboxTransport, points: CrashPoints): MailboxTransport {
  const { open, next, confirm, answer } = transport;
  return {
    open: (...given) => around(points, 'mailbox open', () => open(...given)),
    next: (...given) => around(points, 'mailbox next', () => next(...given)),
    confirm: (...given) => around(points, 'mailbox confirm', () => confirm(...given)),
    answer: (...given) => around(points, 'mailbox answer', () => answer(...given)),
  };
}

/** Does the same for each act on a part of this host. */
export function partsWithCrashPoints(parts: LocalParts, points: CrashPoints): LocalParts {
  const { find, entomb, start, resume, confirm, cancel, rollBack } = parts;
  return {
    find,
    entomb(...given) {
      points.reach('before part entomb');
      const isEntombed = entomb(...given);
      points.reach('after part entomb');
      return isEntombed;
    },
    start: (...given) => around(points, 'part start', () => start(...given)),
    resume: (...given) => around(points, 'part resume', () => resume(...given)),
    confirm: (...given) => around(points, 'part confirm', () => confirm(...given)),
    cancel: (...given) => around(points, 'part cancel', () => cancel(...given)),
    rollBack: (...given) => around(points, 'part rollback', () => rollBack(...given)),
  };
}

async function around<Result>(points: CrashPoints, call: string, make: () => Promise<Result>): Promise<Result> {
  points.reach(`before ${call}`);
  const result = await make();
  points.reach(`after ${call}`);
  return result;
}
