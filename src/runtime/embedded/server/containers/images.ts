import { sha256 } from '../../../../engine/model/digest.ts';
import { WfError } from '../../../../engine/model/errors.ts';
import type { ImageInfo } from '../../../../engine/ports/docker.ts';

/** The program of a container. */
export type Program =
  | { readonly type: 'http-echo'; readonly args: readonly string[] }
  /** Null means forever. */
  | { readonly type: 'sleep'; readonly seconds: number | null };

interface BuiltIn {
  readonly tag: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  'http-echo': { tag: 'hashicorp/http-echo:latest', entrypoint: ['/http-echo'], command: [] },
  alpine: { tag: 'alpine:latest', entrypoint: [], command: ['/bin/sh'] },
  busybox: { tag: 'busybox:latest', entrypoint: [], command: ['sh'] },
  debian: { tag: 'debian:latest', entrypoint: [], command: ['bash'] },
};

/** Returns the built-in image of a reference, whatever its registry, tag and digest; null if there is none. */
export function imageOf(reference: string): ImageInfo | null {
  const name = nameIn(reference);
  const found = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (found === undefined) return null;
  const id = `sha256:${sha256(`wf embedded ${name}`)}`;
  return { id, tags: [found.tag], entrypoint: found.entrypoint, command: found.command, labels: {} };
}

/** Returns the built-in image of a reference. @throws WfError E_IMAGE_UNAVAILABLE, which names the built-in images */
export function requireImage(reference: string): ImageInfo {
  const image = imageOf(reference);
  if (image !== null) return image;
  const names = Object.keys(BUILT_IN).join(', ');
  throw new WfError('E_IMAGE_UNAVAILABLE', `the embedded runtime has no image ${reference}; it has ${names}`, {
    hint: 'Choose one of these, or run on a Docker engine: `--runtime docker`.',
    details: { image: reference },
  });
}

/** Returns the program of a container with this image and command. @throws WfError E_IMAGE_UNAVAILABLE, E_DOCKER */
export function programOf(reference: string, command: readonly string[]): Program {
  requireImage(reference);
  if (nameIn(reference) === 'http-echo') return { type: 'http-echo', args: command };
  const [program, duration = '', ...more] = command;
  const seconds = duration === 'infinity' ? null : /^\d+(\.\d+)?s?$/.test(duration) ? Number.parseFloat(duration) : NaN;
  if (program === 'sleep' && more.length === 0 && !Number.isNaN(seconds)) return { type: 'sleep', seconds };
  const typed = command.length === 0 ? 'no command' : `\`${command.join(' ')}\``;
  throw new WfError('E_DOCKER', `a container of the built-in image ${reference} cannot run ${typed}`, {
    hint: 'The embedded runtime runs `sleep SECONDS` and `sleep infinity` in it; other commands need Docker: `--runtime docker`.',
  });
}

function nameIn(reference: string): string {
  const last = reference.split('/').at(-1) ?? '';
  return last.split('@')[0]?.split(':')[0] ?? '';
}
