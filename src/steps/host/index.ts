export { observeHostPlace } from './observe-host-place.ts';
export { revertSteps } from './revert-steps.ts';
export { verifyHost } from './verify-host.ts';
