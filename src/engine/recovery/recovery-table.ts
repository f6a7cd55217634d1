/**
 * The recovery tables: the action of the engine on a change or a step, by its journaled and its observed state. Pure data; the engine
 * takes no other actions.
 */

/**
 * The journaled state of a change that a step is about to make. `nothing`: no intent; `intended`: an earlier attempt may have made it,
 * or a part of it; `lost`: the same, but a restart of the machine has removed it, and all by which its record could recognise it.
 */
export type JournaledIntent = 'nothing' | 'intended' | 'lost';

/**
 * The state of the target that a step observes on the host. `not yet`: absent, but a request of the killed process may still have a late
 * effect; `unchanged`: as requested, by somebody else.
 */
export type ObservedTarget = 'absent' | 'not yet' | 'partial' | 'ours' | 'unchanged' | 'foreign' | 'unknown';

/**
 * `apply`: make the intent durable, then the change; `complete`: the same for the missing part; `adopt`: take the change as made;
 * `leave`: change nothing, and record nothing to undo; `withdraw`: the same, and settle the open intent as gone; `observe again`: after a
 * pause; `refuse`: fail the step, and leave the foreign object untouched; `stop`: fail the step, as the state is unknown.
 */
export type ForwardAction = 'apply' | 'complete' | 'adopt' | 'leave' | 'withdraw' | 'observe again' | 'refuse' | 'stop';

/** Actions for a step that makes its change. */
export const FORWARD = {
  nothing: {
    absent: 'apply',
    'not yet': 'apply',
    partial: 'complete',
    ours: 'adopt',
    unchanged: 'leave',
    foreign: 'refuse',
    unknown: 'stop',
  },
  intended: {
    absent: 'apply',
    'not yet': 'observe again',
    partial: 'complete',
    ours: 'adopt',
    unchanged: 'withdraw',
    foreign: 'refuse',
    unknown: 'stop',
  },
  lost: {
    absent: 'apply',
    'not yet': 'apply',
    partial: 'complete',
    ours: 'adopt',
    unchanged: 'withdraw',
    foreign: 'refuse',
    unknown: 'stop',
  },
} as const satisfies Record<JournaledIntent, Record<ObservedTarget, ForwardAction>>;

/** The journaled state of a change to undo. `undo begun`: an earlier undo may have undone it, or a part of it; `lost`: as above. */
export type JournaledChange = 'intended' | 'applied' | 'undo begun' | 'stuck' | 'kept' | 'lost';

/** The observed state of a change to undo. `not yet`: gone, but a request of the killed process may still have a late effect. */
export type ObservedChange = 'in place' | 'gone' | 'not yet' | 'unknown';

/** `undo`: journal that the undo begins, undo, observe; the others settle the change, or observe it again after a pause. */
export type BackAction = 'undo' | 'settle as gone' | 'settle as reverted' | 'settle as stuck' | 'observe again';

/** Actions for a change to undo. */
export const BACK = {
  intended: { 'in place': 'undo', gone: 'settle as gone', 'not yet': 'observe again', unknown: 'settle as stuck' },
  applied: { 'in place': 'undo', gone: 'settle as gone', 'not yet': 'settle as gone', unknown: 'settle as stuck' },
  'undo begun': {
    'in place': 'undo',
    gone: 'settle as reverted',
    'not yet': 'observe again',
    unknown: 'settle as stuck',
  },
  stuck: { 'in place': 'undo', gone: 'settle as gone', 'not yet': 'observe again', unknown: 'settle as stuck' },
  kept: { 'in place': 'undo', gone: 'settle as gone', 'not yet': 'settle as gone', unknown: 'settle as stuck' },
  // Not observed: an object that has its name now is somebody else's.
  lost: {
    'in place': 'settle as gone',
    gone: 'settle as gone',
    'not yet': 'settle as gone',
    unknown: 'settle as gone',
  },
} as const satisfies Record<JournaledChange, Record<ObservedChange, BackAction>>;

/**
 * The journaled state of a step when a run is resumed. `decided`: due, and not begun; `begun`: its end was not journaled; `retrying`: it
 * waits for its next attempt; `left`: the machine has left its state, and its end was not journaled; `ended`: it has completed or failed.
 */
export type JournaledStep = 'decided' | 'begun' | 'retrying' | 'left' | 'ended';

/** `begin`: the next attempt, which observes before it acts; `wait`: until the next attempt is due; `stop`: journal that it stopped. */
export type ResumeAction = 'begin' | 'begin again' | 'wait' | 'stop' | 'keep';

/** Actions for a step of a run that is resumed. */
export const RESUME = {
  decided: 'begin',
  begun: 'begin again',
  retrying: 'wait',
  left: 'stop',
  ended: 'keep',
} as const satisfies Record<JournaledStep, ResumeAction>;
