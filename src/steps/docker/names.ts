import { z } from 'zod';

/** The name of a container, as the engine accepts it. */
export const containerNameSchema = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
    'must be two or more letters, digits, "_", "." and "-", beginning with a letter or a digit',
  );

/** Names that every engine reserves for networks of its own. */
const PREDEFINED_NETWORKS = new Set(['bridge', 'default', 'host', 'none']);

/** The name of a network: the engine accepts more than this, but such a name fits into any command line. */
export const networkNameSchema = containerNameSchema.refine(
  (name) => !PREDEFINED_NETWORKS.has(name),
  'is the name of a predefined Docker network; choose another one',
);

const DOMAIN = /(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?/;
const PATH = /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/;
const TAG = /[\w][\w.-]{0,127}/;
const DIGEST = /[a-zA-Z][a-zA-Z0-9]*(?:[+._-][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,}/;
const IMAGE_REFERENCE = new RegExp(
  `^(?:${DOMAIN.source}/)?${PATH.source}(?:/${PATH.source})*(?::${TAG.source})?(?:@${DIGEST.source})?$`,
);

/** A reference to an image, by the grammar of the OCI distribution project (`reference/reference.go`). */
export const imageReferenceSchema = z
  .string()
  .max(255)
  .regex(
    IMAGE_REFERENCE,
    'must be an image reference such as alpine:3.20 or registry.example/group/name, in lower-case letters',
  );

/** An id as `docker ps` and `docker network ls` show it. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
