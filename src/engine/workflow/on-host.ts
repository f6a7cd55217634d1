import { HOST_NAME } from '../model/named-host.ts';
import { type StepActor, stepActor, stepLogic } from './define-step.ts';
import type { EachActor } from './for-each.ts';
import type { Requirement } from './requirement.ts';
import type { StepRunner } from './step.ts';

/** A step runner, or a `forEach` of one, whatever its types. */
interface AnyStep {
  readonly runner: StepRunner;
  readonly each?: unknown;
}

/** Steps by `HOST.NAME`, each with the types of the step of that name. */
type StepsOnHosts<Host extends string, Steps> = {
  readonly [Key in `${Host}.${keyof Steps & string}`]: Key extends `${string}.${infer Name extends keyof Steps & string}`
    ? Steps[Name]
    : never;
};

/**
 * Lets a step runner, or a `forEach` of one, work on a named host of the run, which the workflow declares with `hosts`: its steps observe,
 * change and undo there.
 */
export function onHost<Input, Output>(host: string, step: StepActor<Input, Output>): StepActor<Input, Output>;
export function onHost<Input, Output>(host: string, step: EachActor<Input, Output>): EachActor<Input, Output>;
export function onHost(host: string, { runner, each }: AnyStep): AnyStep {
  if (!HOST_NAME.test(host)) throw new TypeError(`onHost: ${JSON.stringify(host)} is not the name of a host`);
  return each === undefined ? stepActor(runner, host) : Object.assign(stepLogic(runner, host), { each });
}

/** Returns these steps on each of these hosts, for `setup({ actors })`: `{ 'alpha.createNetwork': ..., 'beta.createNetwork': ... }`. */
export function onHosts<const Host extends string, Steps extends Readonly<Record<string, AnyStep>>>(
  hosts: readonly Host[],
  steps: Steps,
): StepsOnHosts<Host, Steps>;
export function onHosts(hosts: readonly string[], steps: Readonly<Record<string, StepActor<never, unknown>>>): object {
  return Object.fromEntries(
    hosts.flatMap((host) => Object.entries(steps).map(([name, step]) => [`${host}.${name}`, onHost(host, step)])),
  );
}

/** Returns the same requirements for a named host of the run. */
export function requiredOn(host: string, requirements: readonly Requirement[]): readonly Requirement[] {
  return requirements.map((requirement) => ({ ...requirement, title: `${host}: ${requirement.title}`, host }));
}

/** Returns the named host that an actor logic works on; undefined for the run's own host. */
export function hostOf(logic: unknown): string | undefined {
  if (typeof logic !== 'object' || logic === null || !('host' in logic)) return undefined;
  return typeof logic.host === 'string' ? logic.host : undefined;
}
