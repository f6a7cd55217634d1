import type { Project, RunningWf, WfOptions } from '../command/run-wf.ts';

/** A running `wf ui`. */
export interface ServedPage {
  readonly wf: RunningWf;
  /** With the base path, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Signs one browser in. */
  readonly link: string;
  /** Asks for another link. */
  newLink(): Promise<string>;
}

/** Starts `wf ui`, on a free port unless the arguments choose one. It is killed after the last test of the file. */
export async function servePage(
  project: Project,
  args: readonly string[] = [],
  options: WfOptions = {},
): Promise<ServedPage> {
  const address = args.some((arg) => /^--(?:port|socket)/.test(arg)) ? [] : ['--port=0'];
  const wf = project.serve(['ui', ...address, ...args], options);
  const link = await wf.printed(/#token=/);
  const url = link.slice(0, link.indexOf('/#'));
  const { env = {} } = options;
  const again = args.filter((arg) => !/^--(?:port|socket)/.test(arg));
  return {
    wf,
    url,
    port: Number(new URL(url).port),
    link,
    newLink: async () => (await project.sharedWf(['ui', ...again], { env })).stdout.trim(),
  };
}
