import { z } from 'zod';
import { isEngineAddress, isHostPath, type NamedHost, type NamedHosts } from '../../engine/model/named-host.ts';

/** An engine with the network namespace that it runs in. */
const ENGINE = /^(?<engine>[^@,]+)(?:@(?<namespace>[^@,]+))?$/;

/**
 * Returns the schema of an input that locates the named hosts of a run: empty for hosts of the embedded runtime, `private` for Docker
 * engines that the run starts, or an engine for each host, with the network namespace that it runs in:
 * `unix:///run/a.sock@/run/netns/a,unix:///run/b.sock@/run/netns/b`.
 */
export function hostsInput(names: readonly string[]) {
  return z
    .string()
    .refine((text) => hostsIn(names, text) !== undefined, {
      error: `is not empty, \`private\`, or for each of ${names.join(', ')} an engine with its network namespace, as unix:///run/a.sock@/run/netns/a`,
    })
    .default('')
    .describe(
      `where the hosts ${names.join(', ')} are: empty (embedded), \`private\` (Docker engines that the run starts), or a list of ENGINE@NAMESPACE`,
    );
}

/**
 * Returns the hosts that such an input describes, for `hosts` of a workflow.
 * @param images absolute paths of files of `docker save` for private engines
 */
export function hostsFrom(names: readonly string[], text: string, images: readonly string[] = []): NamedHosts {
  const hosts = hostsIn(names, text, images);
  if (hosts === undefined)
    throw new TypeError(`hostsFrom: ${JSON.stringify(text)} does not name an engine for each host`);
  return hosts;
}

function hostsIn(names: readonly string[], text: string, images: readonly string[] = []): NamedHosts | undefined {
  if (text === '' || text === 'private') {
    const host: NamedHost = text === '' ? {} : { engine: text, ...(images.length === 0 ? {} : { images }) };
    return Object.fromEntries(names.map((name) => [name, host]));
  }
  const engines = text.split(',').flatMap((part) => {
    const { engine, namespace } = ENGINE.exec(part)?.groups ?? {};
    if (engine === undefined || !isEngineAddress(engine)) return [];
    if (namespace === undefined) return [{ engine }];
    return isHostPath(namespace) ? [{ engine, namespace }] : [];
  });
  if (engines.length !== names.length || text.split(',').length !== names.length) return undefined;
  return Object.fromEntries(names.flatMap((name, index) => (engines[index] ? [[name, engines[index]]] : [])));
}
