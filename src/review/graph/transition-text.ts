import { ancestorIds, type GraphTransition, type Trigger } from './machine-graph.ts';

/** Returns the trigger of a transition: `done`, `error`, `after 20`, `always`, `on GO`; with its guard: `done [waits]`. */
export function triggerText({ trigger, guard }: GraphTransition): string {
  return guard === null ? plainTriggerText(trigger) : `${plainTriggerText(trigger)} [${guard}]`;
}

/** Returns the same with the name of the step: `createNetwork done [waits]`. */
export function triggerTextWithStep(transition: GraphTransition): string {
  const { trigger } = transition;
  const step = trigger.type === 'done' || trigger.type === 'error' ? `${trigger.step} ` : '';
  return step + triggerText(transition);
}

function plainTriggerText(trigger: Trigger): string {
  switch (trigger.type) {
    case 'done':
    case 'error':
    case 'always':
      return trigger.type;
    case 'state-done':
      return 'done';
    case 'after':
      return `after ${trigger.delay}`;
    case 'event':
      return `on ${trigger.event}`;
  }
}

/** Returns the targets: the names of siblings of the source, the whole ids of other states. */
export function targetText({ source, targets }: GraphTransition): string {
  if (targets.length === 0) return '(stays)';
  const [beside = ''] = ancestorIds(source);
  return targets
    .map((target) => {
      if (target === source) return 'itself';
      const [parent] = ancestorIds(target);
      return parent === beside ? (target.split('.').at(-1) ?? target) : target;
    })
    .join(' and ');
}

/** Whether a picture shows the transition: not one by which the machine stays in its state when one of several steps is done. */
export function isDrawn({ targets, trigger }: GraphTransition): boolean {
  return targets.length > 0 || trigger.type === 'error' || trigger.type === 'event';
}
