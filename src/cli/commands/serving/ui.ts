import process from 'node:process';
import { z } from 'zod';
import type { PageFleet } from '../../../ui/server/ui-context.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { openInBrowser } from '../../serving/open-in-browser.ts';
import { serveUi } from '../../serving/serve-ui.ts';
import { askedUi, uiOptions } from '../../serving/ui-options.ts';
import { connectFleet, requesterName } from '../fleet/connect.ts';

const options = uiOptions.extend({
  fleet: z.string().optional(),
  open: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `wf ui`: serves a local web page of all runs until a stop signal; if a server runs already, prints a link to it. */
export const ui = defineCommand(options, async (given, services, terminal) => {
  const asked = { ...askedUi(given), fleet: pageFleet(given, services) };
  // A signal during the start ends the server as well.
  const stopped = new Promise<void>((resolve) => {
    terminal.onStopSignal(() => resolve(), { runsWorkflowCode: false });
    terminal.onHangup(() => resolve());
  });
  const { pid, url, link, server } = await serveUi(asked, services);
  if (given.json) writeJson(terminal.out, { pid, url, link, allowActions: given.allowActions });
  else {
    writeLines(terminal.out, [link]);
    writeLines(terminal.progress, [
      server === undefined
        ? `process ${pid} serves the page at ${url}`
        : `serving ${services.places.database} at ${url}`,
      'the link signs one browser in, within ten minutes; run `wf ui` again for another one',
    ]);
  }
  if (given.open) await openInBrowser(link, services);
  if (server === undefined) return 0;
  await stopped;
  await server.close();
  return 0;
});

/** Returns the fleet of --fleet, or of WF_FLEET; null without either. @throws WfError E_USAGE */
function pageFleet({ fleet }: z.output<typeof options>, services: Services): PageFleet | null {
  const url = fleet ?? process.env['WF_FLEET'];
  if (url === undefined) return null;
  return { url, control: connectFleet({ fleet }, services), by: requesterName() };
}
