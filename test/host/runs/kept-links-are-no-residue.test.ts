import { expect, it } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeOwnNetwork, ip } from '../../support/host/own-network.ts';

const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { createVethPair, setLinkUp } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const machine = setup({ actors: { createVethPair, setLinkUp } }).createMachine({
  initial: 'pair',
  states: {
    pair: { invoke: { id: 'pair', src: 'createVethPair', input: { name: 'kept0', peer: 'kept1', mtu: null }, onDone: 'up' } },
    up: { invoke: { id: 'up', src: 'setLinkUp', input: { link: 'kept0' }, onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'pair', version: '1', description: 'x', input: z.object({}), machine, keepsChanges: true });
`;

describeOwnNetwork('links that a workflow leaves on the host', () => {
  it('are no residue, although they carry the mark of the run, until a rollback removes them', async () => {
    const project = openProject({ 'workflows/pair.ts': WORKFLOW });
    const started = await project.wf(['start', 'pair', '--id', 'kept-pair', '--json']);
    expect(started, started.stderr).toMatchObject({ exitCode: 0 });
    const record = runRecordSchema.parse(started.json());
    expect(record).toMatchObject({ status: 'succeeded', verification: { restored: true, residues: [] } });
    expect(record.changes.map(({ status }) => status)).toEqual(['kept', 'kept']);
    expect(ip('-brief', 'link', 'show', 'kept0')).toContain('kept0');
    expect(await project.wf(['rollback', 'kept-pair'])).toMatchObject({ exitCode: 0 });
    expect(ip('-brief', 'link')).not.toContain('kept0');
  });
});
