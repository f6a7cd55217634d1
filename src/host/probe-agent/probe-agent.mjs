// Asks one question of the network namespace it runs in, and writes the answer as JSON. wf starts it with its own Node,
// which is always there, where curl, wget and nslookup may not be. All it needs lies in the file beside it.
//
// stdin: a request, stdout: its report, as probe-questions.mjs tells; the budget counts from the start of this process.

import { text } from 'node:stream/consumers';
import { askQuestion } from './probe-questions.mjs';

const report = await askQuestion(JSON.parse(await text(process.stdin)), 0);
// Sockets that still wait for somebody must not hold the process.
process.stdout.write(JSON.stringify(report), () => process.exit(0));
