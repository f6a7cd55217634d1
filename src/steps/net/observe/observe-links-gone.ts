import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { pause } from '../../../engine/ports/clock.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { Link } from '../../../host/ip/link.ts';
import { placeInput } from '../../place-handle.ts';
import { linksAt, namedIn } from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import { holderOfPeerNamespace } from '../namespaces/namespace-holder.ts';
import { placeName, placeOf, showAt, typedIn } from '../place.ts';

/**
 * The kernel removes an unused namespace in the background, within milliseconds or tens of them. Each observation starts a program, so the
 * pause grows while a process keeps the namespace.
 */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/** Waits until none of the links exists. */
export const observeLinksGone = defineStep({
  kind: 'net.gone',
  description: 'Waits until none of the links exists.',
  input: z.object({
    links: z.array(linkNameSchema).describe('link names'),
    deadlineMs: z.number().int().positive().default(5_000).describe('longest wait in milliseconds'),
    in: placeInput,
  }),
  output: z.object({ gone: z.array(z.string()).describe('names of the links') }),
  commands: ({ links, in: where }) => links.map((link) => typedIn(where, ['ip', 'link', 'show', 'dev', link])),
  rehearse: ({ links }) => ({ gone: links }),

  async read({ links, deadlineMs, in: where }, context) {
    const { clock } = context.host;
    const place = placeOf(where, context.host);
    const until = clock.now() + deadlineMs;
    let remaining = await present();
    let pauseMs = FIRST_PAUSE_MS;
    while (remaining.length > 0 && clock.now() < until && !context.signal.aborted) {
      context.progress(`waiting for ${remaining.map(({ name }) => name).join(', ')} to vanish`);
      await pause(clock, pauseMs, context.signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      remaining = await present();
    }
    await showAt(
      context,
      links.map((link) => [place, ['ip', 'link', 'show', 'dev', link]]),
    );
    const [first] = remaining;
    if (first === undefined) return { gone: links };
    const names = remaining.map(({ name }) => name);
    throw new WfError('E_NOT_PROVEN', `still ${placeName(place)} after ${limitText(deadlineMs)}: ${names.join(', ')}`, {
      hint: `${first.name} disappears with the network namespace of its other end: ${await holderOfPeerNamespace(first, context)}.`,
      details: { remaining: names },
    });

    async function present(): Promise<Link[]> {
      const found = await linksAt(context, place);
      return links.flatMap((name) => namedIn(found, name) ?? []);
    }
  },
});
