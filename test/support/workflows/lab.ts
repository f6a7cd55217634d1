import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../engines/images.ts';

/** `wf start lab-network` with the test images and these inputs. */
export function startLab(inputs: Readonly<Record<string, string>> = {}, ...more: readonly string[]): string[] {
  return startLabOf('lab-network', inputs, ...more);
}

/** The same for a workflow that takes the inputs of the lab. */
export function startLabOf(
  workflow: string,
  inputs: Readonly<Record<string, string>>,
  ...more: readonly string[]
): string[] {
  const all = { image: HTTP_ECHO_IMAGE, probeImage: PROBE_IMAGE, ...inputs };
  return [
    'start',
    workflow,
    ...Object.entries(all).flatMap(([name, value]) => ['--input', `${name}=${value}`]),
    ...more,
  ];
}

/** The stages of the lab, in their order. */
export const STAGES = ['setup', 'isolationTest', 'vethSplice', 'connectivityTest', 'teardown', 'verification'];

/** The line on stderr after which the pair and both containers are in place, for at least half a second. */
export const SPLICED = /^vethSplice {2}readSplicedAddresses .* ok /;
