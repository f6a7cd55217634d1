// What can be asked of the network namespace that the asking process is in. It has no dependencies and no build: the probe
// agent, a program of its own, runs it as it is; the programs of a private host have it in their bundles.
//
// request: { kind: 'http', url, expect: string | null, patient, budgetMs }
//        | { kind: 'dns', name, server, patient, budgetMs }
//        | { kind: 'reach', to, count, intervalMs, patient, budgetMs }
//        | { kind: 'reach-all', answering, silent, silenceMs, patient: false, budgetMs }
// report:  { attempts, waitedMs, outcome }; waitedMs is how long the last attempt took.
// `patient`: asks again until the answer is good or the budget is spent, which counts from `startedAt`.
// Else it asks once, and listens for the whole budget: a slow start must not pass for silence.
//
// `reach` stands for ping where there is none: it opens a connection to a port on which nobody listens. A refusal comes from
// the target's own kernel, and shows as an echo reply does that a packet went there and one came back. `reach-all` does so with
// many addresses at a time: it asks those that are to answer again until the budget is spent, and listens to the others once.

const PAUSE_MS = 50;
const ATTEMPT_MS = 1_000;
/** How long the last of several is waited for where an answer is expected. */
const REACH_ANSWER_MS = 500;
/** Kept back for writing the answer and ending. */
const RESERVE_MS = 40;
const BODY_LIMIT = 16 * 1024;
/** The echo service, which is nowhere any more. */
const UNUSED_PORT = 7;
/** So many connections are open at a time: an ordinary user may have 1,024 files open. */
const WAVE = 500;

/**
 * Asks, and answers the report.
 * @param startedAt as performance.now() tells it: the budget counts from there
 * @param nameServer asked for the addresses of names in URLs and of `to`; without it, as the machine resolves names
 */
export async function askQuestion(request, startedAt, nameServer) {
  const ask = await ASKERS[request.kind](request, nameServer === undefined ? undefined : await lookupAt(nameServer));
  const until = startedAt + request.budgetMs - RESERVE_MS;
  for (let attempts = 1; ; attempts += 1) {
    const attemptAt = performance.now();
    const remainingMs = Math.max(1, until - attemptAt);
    const { good, outcome } = await ask(request.patient ? Math.min(ATTEMPT_MS, remainingMs) : request.budgetMs);
    const now = performance.now();
    if (!request.patient || good || now + PAUSE_MS >= until) {
      return { attempts, waitedMs: Math.round(now - attemptAt), outcome };
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

const ASKERS = { http: httpAsker, dns: dnsAsker, reach: reachAsker, 'reach-all': reachAllAsker };

/** What has arrived by then is read first: a process that was busy meanwhile must not take an answer for silence. */
function whenSilentFor(ms, conclude) {
  return setTimeout(() => setImmediate(conclude), ms);
}

async function httpAsker({ url, expect }, lookup) {
  const http = await import('node:http');
  return (timeoutMs) =>
    new Promise((resolve) => {
      const finish = (outcome) => {
        clearTimeout(timer);
        get.destroy();
        const fine = outcome.type === 'response' && outcome.status >= 200 && outcome.status < 300;
        resolve({ good: fine && (expect === null || outcome.body.trim() === expect), outcome });
      };
      const get = http.get(url, { agent: false, lookup }, (response) => {
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
      const timer = whenSilentFor(timeoutMs, () => finish({ type: 'no-answer', code: 'ETIMEDOUT' }));
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
      const timer = whenSilentFor(timeoutMs, () => finish({ type: 'no-answer', code: 'ETIMEOUT' }));
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

/** As ping does it: one after the other at the interval, whether the one before was answered or not. */
async function reachAsker({ to, count, intervalMs, patient }, lookup) {
  const net = await import('node:net');
  return async (timeoutMs) => {
    const waitMs = patient ? Math.min(REACH_ANSWER_MS, timeoutMs) : timeoutMs;
    const knocks = [];
    for (let number = 0; number < count; number += 1) {
      if (number > 0) await new Promise((resolve) => setTimeout(resolve, intervalMs));
      knocks.push(knock(net, to, lookup, waitMs));
    }
    const seen = await Promise.all(knocks);
    const times = seen.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]));
    const sum = times.reduce((total, rttMs) => total + rttMs, 0);
    const outcome = {
      sent: seen.filter(({ sent }) => sent).length,
      received: times.length,
      rttMs: times.length === 0 ? null : Math.round((sum / times.length) * 1000) / 1000,
    };
    return { good: outcome.received === count, outcome };
  };
}

async function reachAllAsker({ answering, silent, silenceMs }) {
  const net = await import('node:net');
  return async (timeoutMs) => {
    const until = performance.now() + timeoutMs;
    const listened = inWaves(silent, (address) => knock(net, address, undefined, silenceMs));
    let missing = answering;
    for (;;) {
      const waitMs = Math.max(1, Math.min(REACH_ANSWER_MS, until - performance.now()));
      const seen = await inWaves(missing, (address) => knock(net, address, undefined, waitMs));
      missing = missing.filter((_address, index) => seen[index].rttMs === null);
      if (missing.length === 0 || performance.now() + PAUSE_MS >= until) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    const heard = await listened;
    const outcome = {
      missing,
      heard: silent.filter((_address, index) => heard[index].rttMs !== null),
      unsent: silent.filter((_address, index) => !heard[index].sent),
    };
    return { good: Object.values(outcome).every((addresses) => addresses.length === 0), outcome };
  };
}

/** What `ask` answers for each, so many at a time. */
async function inWaves(all, ask) {
  const answers = [];
  for (let from = 0; from < all.length; from += WAVE) {
    answers.push(...(await Promise.all(all.slice(from, from + WAVE).map(ask))));
  }
  return answers;
}

function knock(net, host, lookup, waitMs) {
  return new Promise((resolve) => {
    let knockedAt = performance.now();
    const finish = (sent, rttMs) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ sent, rttMs });
    };
    const answered = () => finish(true, performance.now() - knockedAt);
    const socket = net.connect({ host, port: UNUSED_PORT, lookup });
    const timer = whenSilentFor(waitMs, () => finish(true, null));
    socket.on('lookup', () => {
      knockedAt = performance.now();
    });
    socket.on('connect', answered);
    socket.on('error', (error) => {
      if (error.code === 'ECONNREFUSED') return answered();
      // Without a route, or an address, nothing is sent at all.
      finish(error.code !== 'ENETUNREACH' && error.syscall === 'connect', null);
    });
  });
}

/** A `lookup` as node:net takes it, which asks one name server and reads no file of the machine. */
async function lookupAt(nameServer) {
  const { Resolver } = await import('node:dns');
  return (name, options, done) => {
    const resolver = new Resolver({ timeout: ATTEMPT_MS, tries: 1 });
    resolver.setServers([nameServer]);
    resolver.resolve4(name, (error, addresses) => {
      if (error) return done(error);
      if (options.all)
        return done(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        );
      done(null, addresses[0], 4);
    });
  };
}
