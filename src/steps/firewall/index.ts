export { addIptablesRule } from './add-iptables-rule.ts';
export { addNftRule } from './add-nft-rule.ts';
export { createNftTable } from './create-nft-table.ts';
export { observeIptablesCounters } from './observe-iptables-counters.ts';
export { observeNftCounters } from './observe-nft-counters.ts';
