import { z } from 'zod';

/** The secret inputs of one part, each sealed to the key of its host. */
export const sealedSchema = z.record(z.string(), z.base64url());
export type Sealed = Readonly<z.output<typeof sealedSchema>>;

/** The secret inputs of a fleet run, by host. */
export const sealedSecretsSchema = z.record(z.string(), sealedSchema);
export type SealedSecrets = Readonly<z.output<typeof sealedSecretsSchema>>;
