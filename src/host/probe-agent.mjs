// Asks one question of the network namespace it runs in, and writes the answer as JSON. wf starts it with its own Node,
// which is always there, where curl, wget and nslookup may not be. It has no dependencies and no file beside it.
//
// argv[2]: { kind: 'http', url, expect: string | null, patient, budgetMs }
//        | { kind: 'dns', name, server, patient, budgetMs }
// stdout:  { attempts, waitedMs, outcome }; waitedMs is how long the last attempt took.
// `patient`: asks again until the answer is good or the budget is spent, which counts from the start of this process.
// Else it asks once, and listens for the whole budget: a slow start must not pass for silence.

const PAUSE_MS = 50;
const ATTEMPT_MS = 1_000;
/** Kept back for writing the answer and ending. */
const RESERVE_MS = 40;
const BODY_LIMIT = 16 * 1024;

const request = JSON.parse(process.argv[2] ?? 'null');
const ask = request.kind === 'http' ? await httpAsker(request) : await dnsAsker(request);
const until = request.budgetMs - RESERVE_MS;

let attempts = 0;
let answer;
do {
  if (attempts > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  attempts += 1;
  const startedAt = performance.now();
  const remainingMs = Math.max(1, until - startedAt);
  const { good, outcome } = await ask(request.patient ? Math.min(ATTEMPT_MS, remainingMs) : request.budgetMs);
  answer = { good, report: { attempts, waitedMs: Math.round(performance.now() - startedAt), outcome } };
} while (request.patient && !answer.good && performance.now() + PAUSE_MS < until);

// Sockets that still wait for somebody must not hold the process.
process.stdout.write(JSON.stringify(answer.report), () => process.exit(0));

async function httpAsker({ url, expect }) {
  const http = await import('node:http');
  return (timeoutMs) =>
    new Promise((resolve) => {
      const finish = (outcome) => {
        clearTimeout(timer);
        get.destroy();
        const fine = outcome.type === 'response' && outcome.status >= 200 && outcome.status < 300;
        resolve({ good: fine && (expect === null || outcome.body.trim() === expect), outcome });
      };
      const get = http.get(url, { agent: false }, (response) => {
        const chunks = [];
        let size = 0;
        const respond = () => {
          const body = Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString('utf8');
          finish({ type: 'response', status: response.statusCode, body });
        };
        response.on('data', (chunk) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size >= BODY_LIMIT) respond();
        });
        response.on('end', respond);
        response.on('error', respond);
      });
      const timer = setTimeout(() => finish({ type: 'no-answer', code: 'ETIMEDOUT' }), timeoutMs);
      get.on('error', (error) => finish({ type: 'no-answer', code: error.code ?? error.message }));
    });
}

async function dnsAsker({ name, server }) {
  const { Resolver } = await import('node:dns');
  return (timeoutMs) =>
    new Promise((resolve) => {
      const resolver = new Resolver({ timeout: Math.ceil(timeoutMs), tries: 1 });
      resolver.setServers([server]);
      const finish = (outcome) => {
        clearTimeout(timer);
        resolver.cancel();
        resolve({ good: outcome.type === 'resolved', outcome });
      };
      const timer = setTimeout(() => finish({ type: 'no-answer', code: 'ETIMEOUT' }), timeoutMs);
      const conclude = (error, addresses, otherwise) => {
        if (!error && addresses.length > 0) return finish({ type: 'resolved', addresses });
        if (!error || error.code === 'ENODATA') return otherwise();
        if (error.code === 'ENOTFOUND') return finish({ type: 'no-such-name' });
        finish({ type: 'no-answer', code: error.code });
      };
      // IPv6 only where the name has no IPv4 address: some resolvers forward that question, and it would take long.
      resolver.resolve4(name, (error, addresses) =>
        conclude(error, addresses, () =>
          resolver.resolve6(name, (error6, addresses6) =>
            conclude(error6, addresses6, () => finish({ type: 'no-such-name' })),
          ),
        ),
      );
    });
}
