// wf, as a program embeds it.
import path from 'node:path';
import { openEngine } from '../../dist/index.js';
import { contestant } from '../lib/contestant.mjs';
import { chain } from './wf-chain.mjs';

/** So many runs are gone on with at a time. */
const AT_ONCE = 100;

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
        const left = engine.runs({ limit: 10_000 }).filter(({ status }) => status === 'interrupted');
        const all = [];
        // Some at a time: the first are under way while the journals of the others are read.
        for (let from = 0; from < left.length; from += AT_ONCE) {
          const some = left.slice(from, from + AT_ONCE).map(({ id }) => engine.resume(id));
          await Promise.all(some);
          all.push(...some);
        }
        await finished(all);
      },
      close: () => engine.close(),
    };
  },
});
