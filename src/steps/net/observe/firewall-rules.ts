/** A rule that drops or rejects packets, with its counters. */
export interface DroppingRule {
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly packets: number;
}

/** Returns the rules and chain policies that drop or reject, from `iptables-save --counters`. */
export function droppingIptablesRules(text: string): DroppingRule[] {
  const rules: DroppingRule[] = [];
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    const policy = /^:(?<chain>\S+) (?<policy>DROP|REJECT) \[(?<packets>\d+):\d+\]/.exec(line)?.groups;
    if (policy !== undefined) {
      rules.push({
        table,
        chain: policy['chain'] ?? '',
        rule: `policy ${policy['policy']}`,
        packets: Number(policy['packets']),
      });
    }
    const rule = /^\[(?<packets>\d+):\d+\] (?<rule>-A (?<chain>\S+) .*-[jg] (?:DROP|REJECT)\b.*)$/.exec(line)?.groups;
    if (rule !== undefined) {
      rules.push({ table, chain: rule['chain'] ?? '', rule: rule['rule'] ?? '', packets: Number(rule['packets']) });
    }
  }
  return rules;
}

/**
 * Returns the rules with a counter that drop or reject, from `nft list ruleset`.
 * @param shown tables to omit because iptables-save has shown them, such as `ip filter`
 */
export function droppingNftRules(text: string, shown: ReadonlySet<string>): DroppingRule[] {
  const rules: DroppingRule[] = [];
  let table = '';
  let chain = '';
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const opened = /^table (.+) \{$/.exec(line)?.[1];
    table = opened ?? table;
    chain = /^chain (\S+) \{$/.exec(line)?.[1] ?? chain;
    const packets = /\bcounter packets (\d+) bytes \d+\b/.exec(line)?.[1];
    const drops = /\b(drop|reject)\b/.test(line.replace(/comment ".*"/, ''));
    if (packets === undefined || !drops || shown.has(table)) continue;
    rules.push({ table, chain, rule: line, packets: Number(packets) });
  }
  return rules;
}
