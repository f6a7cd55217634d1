/**
 * What is done when a change is come to, by what the journal says of it and what the host shows: the first time, after an
 * interruption, and when it is undone. Pure data; the engine does what stands here, and nothing else.
 */

/**
 * What the journal says of a change that a step is about to make.
 * `nothing`: no intent; `intended`: an earlier attempt may have made it, or a part of it; `lost`: the same, but the machine was
 * restarted since, which took such a change away, and with it all that its record could be recognised by.
 */
export type JournaledIntent = 'nothing' | 'intended' | 'lost';

/**
 * What a step finds on the host. `not yet`: it is absent, but a request of the killed process may still be carried out.
 * `unchanged`: as asked, by somebody else.
 */
export type ObservedTarget = 'absent' | 'not yet' | 'partial' | 'ours' | 'unchanged' | 'foreign' | 'unknown';

/**
 * `apply`: make the intent durable, then make it; `complete`: the same with what is missing; `adopt`: take it as made;
 * `leave`: nothing is to be changed or undone; `withdraw`: the same, and the open intent is settled as gone; `look again`: in a
 * moment; `refuse`: the step fails, and what is there is not touched; `stop`: the step fails, as it cannot be told.
 */
export type ForwardAction = 'apply' | 'complete' | 'adopt' | 'leave' | 'withdraw' | 'observe again' | 'refuse' | 'stop';

/** A step that is to make its change. */
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

/**
 * What the journal says of a change that is to be undone. `undo begun`: an earlier undo may have done it, or a part of it;
 * `lost`: as above; `done with`: it needs no undoing any more.
 */
export type JournaledChange = 'intended' | 'applied' | 'undo begun' | 'stuck' | 'kept' | 'lost';

/** What is found of a change that is to be undone. `not yet`: gone, but a request of the killed process may still be carried out. */
export type ObservedChange = 'standing' | 'gone' | 'not yet' | 'unknown';

/** `undo`: journal that it begins, undo, look again; the others settle the change, or look again in a moment. */
export type BackAction = 'undo' | 'settle as gone' | 'settle as reverted' | 'settle as stuck' | 'observe again';

/** A change that is to be undone. */
export const BACK = {
  intended: { standing: 'undo', gone: 'settle as gone', 'not yet': 'observe again', unknown: 'settle as stuck' },
  applied: { standing: 'undo', gone: 'settle as gone', 'not yet': 'settle as gone', unknown: 'settle as stuck' },
  'undo begun': {
    standing: 'undo',
    gone: 'settle as reverted',
    'not yet': 'observe again',
    unknown: 'settle as stuck',
  },
  stuck: { standing: 'undo', gone: 'settle as gone', 'not yet': 'observe again', unknown: 'settle as stuck' },
  kept: { standing: 'undo', gone: 'settle as gone', 'not yet': 'settle as gone', unknown: 'settle as stuck' },
  // Not looked at: what carries its name now is somebody else's.
  lost: {
    standing: 'settle as gone',
    gone: 'settle as gone',
    'not yet': 'settle as gone',
    unknown: 'settle as gone',
  },
} as const satisfies Record<JournaledChange, Record<ObservedChange, BackAction>>;

/**
 * What the journal says of a step when a run is resumed. `decided`: due, and not begun; `begun`: nobody saw its end;
 * `retrying`: waits for its next attempt; `left`: the machine went on without it, and nobody saw its end; `ended`: completed or
 * failed, and the machine knows.
 */
export type JournaledStep = 'decided' | 'begun' | 'retrying' | 'left' | 'ended';

/** `begin`: its next attempt, which looks before it acts; `wait`: until the time of its next attempt; `stop`: journal that it was stopped. */
export type ResumeAction = 'begin' | 'begin again' | 'wait' | 'stop' | 'keep';

/** A step of a run that is resumed. */
export const RESUME = {
  decided: 'begin',
  begun: 'begin again',
  retrying: 'wait',
  left: 'stop',
  ended: 'keep',
} as const satisfies Record<JournaledStep, ResumeAction>;
