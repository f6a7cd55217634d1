import { WfError } from '../../../../engine/model/errors.ts';
import { runProgram } from '../../shared/run-program.ts';

const LIMIT_MS = 5_000;
const PAUSE_MS = 2;

/**
 * Waits until packets pass a link and its bridge. Once its other end is up, a kernel worker enables both a little later, on a busy machine
 * up to two seconds. Newer kernels enable them at once when they are queried by name.
 * @throws WfError E_DOCKER
 */
export async function linkWorks(link: string, bridge: string, doing: string): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const { output } = await runProgram(['ip', '-details', '-batch', '-'], {
      stdin: `link show dev ${link}\nlink show dev ${bridge}\n`,
      timeoutMs: LIMIT_MS,
    });
    const bothUp = output.match(/ state UP /g)?.length === 2;
    if (bothUp && output.includes('bridge_slave state forwarding')) return;
    if (performance.now() - startedAt > LIMIT_MS) {
      throw new WfError('E_DOCKER', `cannot ${doing}: its link ${link} does not come up`, {
        hint: 'This machine may be overloaded: try again.',
        transient: true,
        details: { output: output.slice(0, 500) },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
