// wf, embedded in a program.
import path from 'node:path';
import { openEngine } from '../../dist/index.js';
import { contestant } from '../lib/contestant.mjs';
import { chain } from './wf-chain.mjs';

await contestant({
  async open(folder, steps, work) {
    const workflow = chain(steps, (step, { run }) => work(step, run));
    const engine = await openEngine({ database: path.join(folder, 'wf.db'), workflows: [workflow] });
    const finished = async (started) => {
      for (const run of await Promise.all(started)) {
        const result = await run.result;
        if (result.type !== 'ended' || result.end.status !== 'succeeded') throw new Error(JSON.stringify(result));
      }
    };
    return {
      run: (count) => finished(Array.from({ length: count }, () => engine.start(workflow, {}))),
      async resume() {
        const resumed = await engine.resumeAll();
        await finished(resumed.map(({ run, error }) => run ?? Promise.reject(error)));
      },
      close: () => engine.close(),
    };
  },
});
