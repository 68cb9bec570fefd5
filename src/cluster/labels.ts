/** Label selectors, as Kubernetes has them: who is meant by one. Pure. */
import type { LabelSelector, Labels } from './types.ts';

export function matches({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(matchLabels)) if (labels[key] !== value) return false;
  return matchExpressions.every((expression) => holds(expression, labels[expression.key]));
}

/** @param value undefined: there is no such label */
function holds({ operator, values }: LabelSelector['matchExpressions'][number], value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** Whether one of them matches; none at all: everything does. */
export const matchesAny = (selectors: readonly LabelSelector[], labels: Labels): boolean =>
  selectors.length === 0 || selectors.some((selector) => matches(selector, labels));
