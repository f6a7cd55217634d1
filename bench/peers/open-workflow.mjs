// OpenWorkflow on SQLite (node:sqlite, WAL, synchronous=FULL by default), by its own documentation: one worker in the process.
import path from 'node:path';
import { OpenWorkflow } from 'openworkflow';
import { BackendSqlite } from 'openworkflow/sqlite';
import { contestant } from '../lib/contestant.mjs';

await contestant({
  async open(folder, steps, work) {
    const backend = BackendSqlite.connect(path.join(folder, 'open-workflow.db'));
    const ow = new OpenWorkflow({ backend });
    const chain = ow.defineWorkflow({ name: 'chain' }, async ({ step, run }) => {
      for (let n = 0; n < steps; n += 1) {
        await step.run({ name: `s${n}` }, async () => {
          await work(n, run.id);
          return { n };
        });
      }
      return { steps };
    });
    const worker = ow.newWorker({ concurrency: 500 });
    await worker.start();
    return {
      async run(count) {
        const handles = await Promise.all(Array.from({ length: count }, () => chain.run({})));
        await Promise.all(handles.map((handle) => handle.result()));
      },
      async resume() {
        for (;;) {
          const { data } = await backend.listWorkflowRuns({ limit: 1000 });
          if (data.every(({ status }) => status === 'completed' || status === 'succeeded')) return;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      async close() {
        await worker.stop();
        await backend.stop();
      },
    };
  },
});
