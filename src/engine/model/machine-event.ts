import type { JsonObject } from './json.ts';

/** An event that is given to the machine. */
export type MachineEvent = { readonly type: string } & JsonObject;
