import type { ConfirmStamp } from '../../engine/model/request.ts';
import { systemClock } from '../machine/clock.ts';
import { bootId } from '../processes/process.ts';
import { loginSession } from './login-session.ts';

/** Returns the moment of a confirmation by this process, and its login session. */
export function confirmStamp(): ConfirmStamp {
  return { bootId: bootId(), sinceBootMs: systemClock.sinceBoot(), session: loginSession('self') };
}
