// Probes of the network namespace that this process is in. No dependencies and no build: the probe agent runs this file
// directly, and the programs of a private host bundle it.
//
// request: { kind: 'http', url, expect: string | null, patient, budgetMs }
//        | { kind: 'dns', name, server, patient, budgetMs }
//        | { kind: 'tcp', to, port, expect: 'connected' | 'refused', patient, budgetMs }
//        | { kind: 'tls', to, port, serverName: string | null, ca: string | null, validForMs, mustVerify, patient, budgetMs }
//        | { kind: 'reach', to, count, intervalMs, patient, budgetMs }
//        | { kind: 'reach-all', answering, silent, silenceMs, patient: false, budgetMs }
// report:  { attempts, waitedMs, outcome }; waitedMs is the duration of the last attempt.
// `patient`: repeats until the answer is good or the budget, counted from `startedAt`, is spent. An attempt that the end of the
// budget cuts off has observed nothing: the outcome is that of the attempt before it.
// Otherwise it asks once and listens for the whole budget, so that a slow start does not count as silence.
//
// `reach` replaces ping on a machine without it: it opens a connection to a port on which nobody listens. A refusal comes from
// the target's kernel and proves, like an echo reply, that packets get there and back. `reach-all` does so with many addresses
// in parallel: it repeats for those that must answer until the budget is spent, and listens to the others once.

const PAUSE_MS = 50;
const ATTEMPT_MS = 1_000;
/** Time limit for the last of several expected answers. */
const REACH_ANSWER_MS = 500;
/** Reserved for writing the answer and ending. */
const RESERVE_MS = 40;
const BODY_LIMIT = 16 * 1024;
/** Longest name of a certificate in characters: its content is untrusted. */
const NAME_LIMIT = 1_024;
/** Port of the echo service, which no machine offers. */
const UNUSED_PORT = 7;
/** Limit of open connections: an ordinary user may open 1,024 files. */
const WAVE = 500;

/**
 * Makes the probe and returns its report.
 * @param startedAt a time of performance.now(), from which the budget counts
 * @param nameServer resolves the names in URLs and `to`; by default the machine resolves them
 */
export async function askQuestion(request, startedAt, nameServer) {
  const ask = await ASKERS[request.kind](request, nameServer === undefined ? undefined : await lookupAt(nameServer));
  const until = startedAt + request.budgetMs - RESERVE_MS;
  let seen;
  for (let attempts = 1; ; attempts += 1) {
    const attemptAt = performance.now();
    const remainingMs = Math.max(1, until - attemptAt);
    const { good, outcome } = await ask(request.patient ? Math.min(ATTEMPT_MS, remainingMs) : request.budgetMs);
    const now = performance.now();
    const wasCutOff = remainingMs < ATTEMPT_MS && isSilence(outcome);
    if (seen === undefined || !wasCutOff) seen = { waitedMs: Math.round(now - attemptAt), outcome };
    if (!request.patient || good || now + PAUSE_MS >= until) return { attempts, ...seen };
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

const ASKERS = {
  http: httpAsker,
  dns: dnsAsker,
  tcp: tcpAsker,
  tls: tlsAsker,
  reach: reachAsker,
  'reach-all': reachAllAsker,
};

/** Returns whether nothing arrived during an attempt. */
function isSilence({ code, received }) {
  return code === 'ETIMEDOUT' || code === 'ETIMEOUT' || received === 0;
}

/** Reads arrived data before the deadline counts: a busy process must not mistake an answer for silence. */
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
      // IPv6 only if the name has no IPv4 address: some resolvers forward that query, which takes long.
      resolver.resolve4(name, (error, addresses) =>
        conclude(error, addresses, () =>
          resolver.resolve6(name, (error6, addresses6) =>
            conclude(error6, addresses6, () => finish({ type: 'no-such-name' })),
          ),
        ),
      );
    });
}

async function tcpAsker({ to, port, expect }, lookup) {
  const net = await import('node:net');
  return (timeoutMs) =>
    new Promise((resolve) => {
      const finish = (outcome) => {
        clearTimeout(timer);
        socket.destroy();
        resolve({ good: outcome.type === expect, outcome });
      };
      const socket = net.connect({ host: to, port, lookup });
      const timer = whenSilentFor(timeoutMs, () => finish({ type: 'no-answer', code: 'ETIMEDOUT' }));
      socket.on('connect', () => finish({ type: 'connected' }));
      socket.on('error', (error) => finish(noConnection(error)));
    });
}

/** A refusal comes from the target's kernel; any other failure proves no answer. */
function noConnection({ code, message }) {
  return code === 'ECONNREFUSED' ? { type: 'refused' } : { type: 'no-answer', code: code ?? message };
}

/** Makes a handshake and reads the certificate, whether or not it can be verified. */
async function tlsAsker({ to, port, serverName, ca, validForMs, mustVerify }, lookup) {
  const [tls, { isIP }] = await Promise.all([import('node:tls'), import('node:net')]);
  const name = serverName ?? to;
  return (timeoutMs) =>
    new Promise((resolve) => {
      let isConnected = false;
      const finish = (outcome) => {
        clearTimeout(timer);
        socket.destroy();
        resolve({ good: outcome.type === 'handshake' && (outcome.problem === null || !mustVerify), outcome });
      };
      const socket = tls.connect({
        host: to,
        port,
        lookup,
        // TLS has no addresses as server names.
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...(ca === null ? {} : { ca }),
        checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
        rejectUnauthorized: false,
      });
      const timer = whenSilentFor(timeoutMs, () =>
        finish(isConnected ? { type: 'failed', code: 'ETIMEDOUT' } : { type: 'no-answer', code: 'ETIMEDOUT' }),
      );
      socket.on('connect', () => {
        isConnected = true;
      });
      socket.on('secureConnect', () => {
        const certificate = socket.getPeerX509Certificate();
        if (certificate === undefined) return finish({ type: 'failed', code: 'no certificate' });
        const leftMs = Date.parse(certificate.validTo) - Date.now();
        const problem = socket.authorized ? null : String(socket.authorizationError);
        finish({
          type: 'handshake',
          protocol: socket.getProtocol() ?? '',
          problem: problem ?? (leftMs >= validForMs ? null : 'CERT_EXPIRES_TOO_SOON'),
          certificate: certificateOf(certificate),
        });
      });
      socket.on('error', (error) =>
        finish(isConnected ? { type: 'failed', code: error.code ?? error.message } : noConnection(error)),
      );
    });
}

function certificateOf({ subject, issuer, subjectAltName, validFrom, validTo, fingerprint256 }) {
  const text = (names) => (names ?? '').split('\n').join(', ').slice(0, NAME_LIMIT);
  // A certificate may contain an invalid time.
  const time = (value) => (Number.isNaN(Date.parse(value)) ? text(value) : new Date(value).toISOString());
  return {
    subject: text(subject),
    issuer: text(issuer),
    names: text(subjectAltName),
    validFrom: time(validFrom),
    validTo: time(validTo),
    fingerprint: fingerprint256,
  };
}

/** Opens connections at the interval like ping, whether or not the previous one was answered. */
async function reachAsker({ to, count, intervalMs, patient }, lookup) {
  const net = await import('node:net');
  return async (timeoutMs) => {
    const waitMs = patient ? Math.min(REACH_ANSWER_MS, timeoutMs) : timeoutMs;
    const knocks = [];
    for (let number = 0; number < count; number += 1) {
      if (number > 0) await new Promise((resolve) => setTimeout(resolve, intervalMs));
      knocks.push(connectOnce(net, to, lookup, waitMs));
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
    const listened = inWaves(silent, (address) => connectOnce(net, address, undefined, silenceMs));
    let missing = answering;
    for (;;) {
      const waitMs = Math.max(1, Math.min(REACH_ANSWER_MS, until - performance.now()));
      const seen = await inWaves(missing, (address) => connectOnce(net, address, undefined, waitMs));
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

/** Maps each item with `ask`, at most WAVE at a time. */
async function inWaves(all, ask) {
  const answers = [];
  for (let from = 0; from < all.length; from += WAVE) {
    answers.push(...(await Promise.all(all.slice(from, from + WAVE).map(ask))));
  }
  return answers;
}

function connectOnce(net, host, lookup, waitMs) {
  return new Promise((resolve) => {
    let connectedAt = performance.now();
    const finish = (sent, rttMs) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ sent, rttMs });
    };
    const answered = () => finish(true, performance.now() - connectedAt);
    const socket = net.connect({ host, port: UNUSED_PORT, lookup });
    const timer = whenSilentFor(waitMs, () => finish(true, null));
    socket.on('lookup', () => {
      connectedAt = performance.now();
    });
    socket.on('connect', answered);
    socket.on('error', (error) => {
      if (error.code === 'ECONNREFUSED') return answered();
      // Without a route or an address, nothing is sent.
      finish(error.code !== 'ENETUNREACH' && error.syscall === 'connect', null);
    });
  });
}

/** Returns a `lookup` for node:net that asks one name server and reads no file of the machine. */
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
