export { hostsFrom, hostsInput } from './hosts-input.ts';
export { observeHostPlace } from './observe-host-place.ts';
export { encryptedOverlays, observeIpsec } from './observe-ipsec.ts';
export { revertSteps } from './revert-steps.ts';
export { verifyHost } from './verify-host.ts';
