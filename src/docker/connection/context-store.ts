// Imported by name, so that Node loads this part lazily.
import { promises } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../engine/model/digest.ts';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../../host/machine/errno.ts';
import type { Environment, TlsMaterial } from './endpoint.ts';

/** A context of the docker client and the setting that selected it. */
export interface SelectedContext {
  readonly name: string;
  /** `DOCKER_CONTEXT`, or the file that names the context. */
  readonly selectedBy: string;
}

const configSchema = z.object({ currentContext: z.string().optional() });
const metaSchema = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) });

/**
 * Returns the context that the docker client would use; null for its built-in `default`.
 * @throws WfError E_DOCKER_UNREACHABLE if config.json exists and cannot be read.
 */
export async function selectedContext(env: Environment, configDirectory: string): Promise<SelectedContext | null> {
  const named = env['DOCKER_CONTEXT'];
  if (named !== undefined && named !== '')
    return named === 'default' ? null : { name: named, selectedBy: 'DOCKER_CONTEXT' };
  const file = join(configDirectory, 'config.json');
  const text = await readOptional(file);
  if (text === null) return null;
  const current = parseFile(file, text, configSchema).currentContext;
  return current === undefined || current === '' || current === 'default' ? null : { name: current, selectedBy: file };
}

/**
 * Returns the address of a context and its TLS material.
 * @throws WfError E_DOCKER_UNREACHABLE if the context does not exist.
 */
export async function contextEndpoint(
  context: SelectedContext,
  configDirectory: string,
): Promise<{ readonly address: string; readonly tls: TlsMaterial | null }> {
  const key = sha256(context.name);
  const file = join(configDirectory, 'contexts', 'meta', key, 'meta.json');
  const text = await readOptional(file);
  if (text === null) {
    throw new WfError(
      'E_DOCKER_UNREACHABLE',
      `${context.selectedBy} names the Docker context "${context.name}", which does not exist (${file})`,
      { hint: 'Choose one that `docker context ls` lists, or unset DOCKER_CONTEXT.' },
    );
  }
  const address = parseFile(file, text, metaSchema).Endpoints.docker.Host;
  return { address, tls: await contextTls(join(configDirectory, 'contexts', 'tls', key, 'docker')) };
}

async function contextTls(directory: string): Promise<TlsMaterial | null> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((file) => readOptional(join(directory, file))),
  );
  return ca && cert && key ? { ca, cert, key } : null;
}

/** Returns the text of a file, or null if it does not exist. */
async function readOptional(file: string): Promise<string | null> {
  try {
    return await promises.readFile(file, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw new WfError('E_DOCKER_UNREACHABLE', `${file}: cannot read the address of the Docker engine`, {
      hint: 'Make the file readable, or set DOCKER_HOST.',
      cause,
    });
  }
}

function parseFile<Schema extends z.ZodType>(file: string, text: string, schema: Schema): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new WfError('E_DOCKER_UNREACHABLE', `${file}: invalid docker client configuration: ${why}`, {
      hint: 'Repair it with `docker context use default`, or set DOCKER_HOST.',
      cause,
    });
  }
}
