import type { Clock } from '../engine/ports/clock.ts';
import type { RuntimeName } from '../engine/ports/runtime.ts';
import type { Requirement } from '../engine/workflow/requirement.ts';
import { dockerNetworking } from '../steps/docker-networking.ts';
import { privateHost, privateNetworking } from './private-networking.ts';

/** Returns the requirements of each runtime, for `wf doctor`. */
export function runtimeRequirements(clock: Clock): Readonly<Record<RuntimeName, readonly Requirement[]>> {
  return { docker: dockerNetworking(), embedded: [...privateNetworking(), privateHost({ clock })] };
}
