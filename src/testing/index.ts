/**
 * Tests of step runners: run a workflow repeatedly with `wf` itself, and kill it, make it fail, or undo it at each point in turn.
 * Each function throws at the first run with a wrong result; the error has the point, the output of wf and the path of the history, which
 * stays. Works with any test runner; allow minutes per test, because each point takes one or more processes.
 */
export { failEachStep, failEachTouch } from './fail.ts';
export { type HostState, hostState } from './host-state.ts';
export { killEverywhere, undoTwice } from './kill.ts';
export { type Foreign, foreignInTheWay, runTwiceSideBySide } from './others.ts';
export { afterReboot } from './reboot.ts';
export type { TestedWorkflow } from './session.ts';
