import type { Examples } from './example.ts';

/** Settings, firewall and traffic control. */
export const KERNEL = {
  setSysctl: { name: 'net.ipv4.ip_forward', value: 1 },
  persistSysctl: { name: 'net.ipv4.ip_forward', value: 1 },
  createNftTable: {
    family: 'inet',
    table: 'web',
    ruleset: 'chain input {\n  type filter hook input priority 0; policy accept;\n  tcp dport 81 drop\n}',
  },
  addNftRule: {
    family: 'inet',
    table: 'web',
    chain: 'input',
    rule: 'tcp dport 8080 counter accept',
    position: 'insert',
  },
  observeNftCounters: ({ nftRule }) => ({ family: 'inet', table: 'web', chain: 'input', comment: nftRule.comment }),
  addIptablesRule: {
    family: 'ipv4',
    chain: 'INPUT',
    rule: ['-p', 'tcp', '--dport', '81', '-j', 'DROP'],
    position: 'append',
  },
  observeIptablesCounters: ({ iptablesRule }) => ({
    family: 'ipv4',
    chain: 'INPUT',
    comment: iptablesRule.comment,
  }),
} as const satisfies Partial<Examples>;
