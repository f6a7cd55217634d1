import type { ObservedNow } from './saved-plan.ts';

/** Returns an observation in words: `network lab is not in place`. */
export function observedWords(observed: ObservedNow | null): string {
  if (observed === null) return 'not observed';
  const { found, error } = observed;
  const target = observed.target === null ? '' : `${observed.target} `;
  switch (found) {
    case 'absent':
      return `${target}is not in place`;
    case 'partial':
      return `a part of ${target}exists`;
    case 'ours':
      return `${target}exists, made by a run with this id`;
    case 'unchanged':
      return `${target}as requested already`;
    case 'foreign':
      return `exists, and is not the run's: ${error?.message ?? ''}`;
    case 'unknown':
      return `cannot tell: ${error?.message ?? ''}`;
  }
}
