import { DOCKER } from './docker.ts';
import type { Examples } from './example.ts';
import { EXEC } from './exec.ts';
import { FILE } from './file.ts';
import { HOST, NAMED_HOST } from './host.ts';
import { KERNEL } from './kernel.ts';
import { NET, OVERLAY } from './net.ts';
import { PROBE } from './probe.ts';
import { SWARM } from './swarm.ts';
import { SYSTEMD } from './systemd.ts';

/** An input of each step runner; a missing one is a type error. */
export const EXAMPLES: Examples = {
  ...DOCKER,
  ...EXEC,
  ...FILE,
  ...HOST,
  ...KERNEL,
  ...NAMED_HOST,
  ...NET,
  ...OVERLAY,
  ...PROBE,
  ...SWARM,
  ...SYSTEMD,
};
