import { customAlphabet } from 'nanoid';
import { WfError } from '../engine/model/errors.ts';
import { parseRunId, type RunId } from '../engine/model/ids.ts';

/** Returns ten of 31 characters without look-alikes: two of a million runs collide with a chance of 1 in 1,600; wf refuses the second. */
const newId = customAlphabet('23456789abcdefghjkmnpqrstuvwxyz', 10);

export function newRunId(): RunId {
  const text = newId();
  const id = parseRunId(text);
  if (id === undefined) throw new WfError('E_INTERNAL', `"${text}" cannot be a run id`, { hint: 'Report this.' });
  return id;
}
