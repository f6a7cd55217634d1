import type { InputFrom, OutputFrom } from 'xstate';
import type { StepRunner } from '../../engine/workflow/step.ts';
import type * as steps from '../index.ts';

type Steps = typeof steps;
type RunnerName = {
  [Name in keyof Steps]: Steps[Name] extends { readonly runner: StepRunner } ? Name : never;
}[keyof Steps];

/** Outputs of earlier examples, which a workflow keeps in its context. */
export interface Given {
  readonly lab: OutputFrom<Steps['createNamespace']>;
  readonly nftRule: OutputFrom<Steps['addNftRule']>;
  readonly iptablesRule: OutputFrom<Steps['addIptablesRule']>;
  readonly network: OutputFrom<Steps['dockerNetwork']>;
  readonly web: OutputFrom<Steps['dockerContainer']>;
}

/** The step runners that have these outputs, by import name. */
export const GIVEN_BY = {
  lab: 'createNamespace',
  nftRule: 'addNftRule',
  iptablesRule: 'addIptablesRule',
  network: 'dockerNetwork',
  web: 'dockerContainer',
} as const satisfies Readonly<Record<keyof Given, RunnerName>>;

/** One input of each step runner, by import name. The documentation prints it, and a test runs it. */
export type Examples = {
  readonly [Name in RunnerName]: InputFrom<Steps[Name]> | ((given: Given) => InputFrom<Steps[Name]>);
};
