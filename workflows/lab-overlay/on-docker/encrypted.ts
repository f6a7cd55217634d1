import { insideNamespaceOf } from 'wf-engine/steps';
import type { Host } from '../input.ts';
import { keep, PINGS, parallel, READY, type Scope, sequence } from '../machine-parts.ts';
import { ENCRYPTED, ESP_TABLE, espRules } from '../packet-counts.ts';
import { resultOf } from '../results.ts';
import { onOverlay } from './overlay.ts';

const espRule = (chain: 'output' | 'input') =>
  ({ family: 'inet', table: ESP_TABLE, chain, comment: ENCRYPTED }) as const;

const secret = ({ context: { found } }: Scope, host: Host) => resultOf(found, `${host}Encrypted`);

const app = (host: Host) =>
  sequence({
    [`${host}Encrypted`]: {
      src: `${host}.dockerContainer` as const,
      input: (scope) =>
        onOverlay(
          scope,
          'encryptedOverlay',
          host === 'alpha' ? 'encryptedAlpha' : 'encryptedBeta',
          `encrypted on ${host}`,
        ),
      onDone: keep(`${host}Encrypted`),
    },
  });

/** Creates a third, encrypted overlay, and counts its packets on the underlay. */
const proof = sequence({
  encryptedOverlay: {
    src: 'alpha.dockerNetwork',
    input: ({ context: { input, names } }) => ({
      name: names.encryptedNetwork,
      subnet: input.encryptedSubnet,
      driver: 'overlay',
      attachable: true,
      encrypted: true,
    }),
    onDone: keep('encryptedOverlay'),
  },
  containers: parallel({
    alpha: app('alpha'),
    beta: app('beta'),
    countEncrypted: {
      src: 'alpha.createNftTable',
      input: ({ context: { input } }) => ({ family: 'inet', table: ESP_TABLE, ruleset: espRules(input, 'output') }),
    },
    countDecrypted: {
      src: 'beta.createNftTable',
      input: ({ context: { input } }) => ({ family: 'inet', table: ESP_TABLE, ruleset: espRules(input, 'input') }),
    },
  }),
  pingEncrypted: {
    src: 'alpha.pingProbe',
    input: (scope) => ({
      from: insideNamespaceOf(secret(scope, 'alpha')),
      to: secret(scope, 'beta').ipv4,
      ...PINGS,
      ...READY,
    }),
    onDone: keep('pingEncrypted'),
  },
  counts: parallel({
    readEncrypted: {
      src: 'alpha.observeNftCounters',
      input: { ...espRule('output'), moreThan: 0 },
      onDone: keep('readEncrypted'),
    },
    readDecrypted: {
      src: 'beta.observeNftCounters',
      input: { ...espRule('input'), moreThan: 0 },
      onDone: keep('readDecrypted'),
    },
  }),
});

/** Shows that the packets of an encrypted overlay are encrypted on the underlay, if the kernels support it. */
export const encrypted = sequence({
  ask: parallel({
    alphaIpsec: { src: 'alpha.observeIpsec', input: {}, onDone: keep('alphaIpsec') },
    betaIpsec: { src: 'beta.observeIpsec', input: {}, onDone: keep('betaIpsec') },
  }),
  proof: { when: 'canEncrypt', ...proof },
});
