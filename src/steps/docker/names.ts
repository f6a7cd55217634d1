import { z } from 'zod';

/** A container name that the engine accepts. */
export const containerNameSchema = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
    'must have two or more letters, digits, "_", "." or "-" and begin with a letter or a digit',
  );

/** An id of an object, or a name. */
export const nameOrIdSchema = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be a name or an id');

/** A volume name that the engine accepts. An id-like name of 64 digits is one that the engine chose. */
export const volumeNameSchema = containerNameSchema.max(128);

/** Names that every engine reserves for its own networks. */
const PREDEFINED_NETWORKS = new Set(['bridge', 'default', 'host', 'none']);

/** A network name. Stricter than the engine, so that the name fits into any command line. */
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

/** An image reference in the grammar of the OCI distribution project (`reference/reference.go`). */
export const imageReferenceSchema = z
  .string()
  .max(255)
  .regex(
    IMAGE_REFERENCE,
    'must be an image reference such as alpine:3.20 or registry.example/group/name, in lower-case letters',
  );

/** Shortens an id as `docker ps` and `docker network ls` do. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
