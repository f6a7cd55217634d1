import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Finding } from './finding.ts';

/** Finds guards and delays that a machine names but its `setup` does not define: a run would fail there. */
export function checkImplementations({ root, implementations }: AnyStateMachine): readonly Finding[] {
  const has = {
    guard: new Set(Object.keys(implementations.guards)),
    delay: new Set(Object.keys(implementations.delays)),
  };
  const missing = new Map<
    string,
    { readonly kind: 'guard' | 'delay'; readonly name: string; readonly where: string[] }
  >();
  const want = (kind: 'guard' | 'delay', name: unknown, node: AnyStateNode) => {
    if (typeof name !== 'string' || has[kind].has(name)) return;
    const key = `${kind} ${name}`;
    const found = missing.get(key) ?? { kind, name, where: [] };
    missing.set(key, found);
    const id = node.path.join('.');
    if (!found.where.includes(id)) found.where.push(id);
  };
  const visit = (node: AnyStateNode) => {
    for (const { guard } of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
      want('guard', guardName(guard), node);
    }
    for (const { delay } of node.after) want('delay', delay, node);
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(root);
  return [...missing.values()].map(({ kind, name, where }) => ({
    check: 'not-implemented',
    severity: 'error',
    where,
    message: `the ${kind} ${name} is used here but not defined: a run that evaluates it fails`,
    hint: `Add it to setup({ ${kind}s: { ${name}: ... } }), or correct its name.`,
  }));
}

function guardName(guard: unknown): unknown {
  return typeof guard === 'object' && guard !== null && 'type' in guard ? guard.type : guard;
}
