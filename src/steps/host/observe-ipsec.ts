import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { evidenceOf } from '../../engine/model/evidence.ts';
import type { Argv, CommandPort, CommandResult } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { Requirement } from '../../engine/workflow/requirement.ts';
import { requireSuccess } from '../../host/commands/checked-command.ts';
import { READ_LIMITS } from '../../host/ip/run-ip.ts';

/** A state such as Docker adds for an encrypted overlay network. The addresses are for documentation, the key has 16 + 4 bytes. */
const STATE = 'src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1 mode transport aead rfc4106(gcm(aes))'.split(' ');
const KEY = `0x${'01'.repeat(20)}`;
/** Tries to add the state in a new network namespace, which ends with the command. */
const TRY_ESP: Argv = ['unshare', '--net', '--', 'ip', 'xfrm', 'state', 'add', ...STATE, KEY, '64'];
/** Exit code of `ip` if the kernel refuses; `unshare` and an invalid argument have 1. */
const REFUSED = 2;

/** Reads whether the kernel can encrypt overlay networks; a workflow can decide on the output. */
export const observeIpsec = defineStep({
  kind: 'host.ipsec',
  description: 'Reads whether the kernel can encrypt what an overlay network sends to other hosts (ESP).',
  input: z.object({}),
  output: z.object({
    esp: z.boolean().describe('whether the kernel accepts such a state'),
    reason: z.string().nullable().describe('answer of the kernel if it does not; null if it does'),
  }),
  commands: () => [TRY_ESP],
  rehearse: () => ({ esp: true, reason: null }),
  async read(_input, { host, record }) {
    const { result, reason } = await tryEsp(host.command);
    record(evidenceOf(result));
    return { esp: reason === null, reason };
  },
});

/** Requires a kernel that can encrypt overlay networks. */
export function encryptedOverlays(): Requirement {
  return {
    title: 'encryption of overlay networks',
    purpose: 'creating an encrypted overlay network',
    claim: null,
    async check({ command }) {
      const { reason } = await tryEsp(command);
      if (reason === null) return { met: true, found: 'ESP' };
      const hint = 'Load it with `modprobe esp4`, or create the network without encryption.';
      return { met: false, error: new WfError('E_KERNEL', `this kernel has no ESP: ${reason}`, { hint }) };
    },
  };
}

async function tryEsp(
  command: CommandPort,
): Promise<{ readonly result: CommandResult; readonly reason: string | null }> {
  const result = await command.run(TRY_ESP, READ_LIMITS);
  if (result.end.type === 'exited' && result.end.exitCode === REFUSED) return { result, reason: result.stderr.trim() };
  return { result: requireSuccess(result, READ_LIMITS.timeoutMs), reason: null };
}
