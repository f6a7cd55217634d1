import type { Field } from '../forms/schema-fields.ts';

const TEXT = { minLength: undefined, maxLength: undefined };
const OPTION = { type: '', isRequired: false, isNullable: false, preset: undefined };

/** Returns the fields for the options of a start, named as in the API. */
export function startOptions(stages: readonly string[]): readonly Field[] {
  return [
    {
      ...OPTION,
      name: 'runtime',
      label: 'Runtime',
      control: { type: 'choice', values: ['auto', 'docker', 'embedded'] },
      description: 'What provides networks and containers',
      preset: 'auto',
    },
    {
      ...OPTION,
      name: 'onFailure',
      label: 'If the run fails',
      control: { type: 'choice', values: ['rollback', 'keep'] },
      description: 'rollback undoes its changes, keep leaves them in place',
      preset: 'rollback',
    },
    {
      ...OPTION,
      name: 'pauseAfter',
      label: 'Pause after stage',
      control: { type: 'choice', values: stages },
      description: 'The run can be resumed after that',
    },
    {
      ...OPTION,
      name: 'confirmWithin',
      label: 'Confirm within',
      control: { type: 'text', ...TEXT, pattern: '(?:\\d{1,7}[smhdw])+' },
      description: 'Such as 120s. The changes are undone unless somebody confirms the run within this time',
    },
    {
      ...OPTION,
      name: 'id',
      label: 'Id of the run',
      control: { type: 'text', ...TEXT, pattern: '[A-Za-z0-9][A-Za-z0-9_\\-]{0,62}' },
      description: 'Letters, digits, _ and -. A random one if empty',
    },
  ];
}

/** The options on a command line, by their names in the API. */
export const OPTION_NAMES: Readonly<Record<string, string>> = {
  runtime: '--runtime',
  onFailure: '--on-failure',
  pauseAfter: '--pause-after',
  confirmWithin: '--confirm-within',
  id: '--id',
};
