/** The actions of `wf fleet`. */
export const FLEET_ACTIONS = [
  'demo',
  'serve',
  'start',
  'runs',
  'show',
  'wait',
  'approve',
  'pause',
  'cancel',
  'rollback',
  'retry',
  'hosts',
  'write-off',
] as const;
export type FleetAction = (typeof FLEET_ACTIONS)[number];
