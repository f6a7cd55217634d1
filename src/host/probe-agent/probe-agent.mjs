// Makes one probe in the network namespace that it runs in and writes the report as JSON. wf starts it with its own Node,
// because curl, wget and nslookup may be missing. It needs only probe-questions.mjs.
//
// stdin: a request; stdout: its report, see probe-questions.mjs. The budget counts from the start of this process.

import { text } from 'node:stream/consumers';
import { askQuestion } from './probe-questions.mjs';

const report = await askQuestion(JSON.parse(await text(process.stdin)), 0);
// Sockets that still wait for an answer must not keep the process alive.
process.stdout.write(JSON.stringify(report), () => process.exit(0));
