import { findTool } from '../../../src/host/commands/find-tool.ts';

/** Whether this machine has nft. The overlay lab and the step runners for nftables need it. */
export const HAS_NFT = findTool('nft') !== undefined;
