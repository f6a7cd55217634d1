import path from 'node:path';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { readCredentials, type TlsFiles } from '../../../fleet/tls/credentials.ts';

/** Options of a client of a fleet that is behind a proxy with TLS. */
export const fleetTlsOptions = z.object({
  cert: z.string().optional(),
  key: z.string().optional(),
  ca: z.string().optional(),
});
type FleetTlsGiven = z.output<typeof fleetTlsOptions>;

/** Checks and returns the files with which a client reaches a fleet. @throws WfError E_USAGE, E_CERTIFICATE, E_UNTRUSTED */
export function fleetTls(url: string, given: FleetTlsGiven): TlsFiles {
  const { cert, key, ca } = given;
  const [option] = fleetTlsArguments(given);
  if (option !== undefined && !url.startsWith('https:')) {
    throw new WfError('E_USAGE', `${option} requires an address with https, not ${url}`, {
      hint: 'Give the address of the proxy before Restate: --fleet https://fleet.example.com.',
    });
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new WfError('E_USAGE', 'a client certificate needs both --cert and --key', {
      hint: 'Give the certificate with --cert, and its private key with --key.',
    });
  }
  const files: TlsFiles = {
    client: cert === undefined || key === undefined ? null : { cert: path.resolve(cert), key: path.resolve(key) },
    ca: ca === undefined ? null : path.resolve(ca),
  };
  readCredentials(files);
  return files;
}

/** Returns the options as they are typed, with absolute paths. */
export function fleetTlsArguments(given: FleetTlsGiven): readonly string[] {
  return (['cert', 'key', 'ca'] as const).flatMap((name) => {
    const file = given[name];
    return file === undefined ? [] : [`--${name}`, path.resolve(file)];
  });
}
