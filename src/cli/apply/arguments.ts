/** Names and selectors of `apply`, checked before anything is asked. Pure. */
import { usageError } from '../exit.ts';
import type { ApplyRun } from './run.ts';

/** RFC 1123 subdomain. */
const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const INTERFACE = /^[^\s/]{1,15}$/;
/** Kubernetes' rules for labels: an optional prefix, and a name. */
const LABEL_KEY = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

/** @throws FreeholdError `usage` */
export function checkNames({ namespace, pool, advertisement, interfaces = [] }: ApplyRun['wanted']): void {
  const names = { '--namespace': namespace, '--name': pool, '--advertisement': advertisement };
  for (const [option, name] of Object.entries(names)) {
    if (!NAME.test(name))
      throw usageError(`${option} "${name}" is no name that Kubernetes takes: lower case letters, digits, hyphens and dots.`);
  }
  const odd = interfaces.find((name) => !INTERFACE.test(name));
  if (odd !== undefined) throw usageError(`"${odd}" is no name of a network interface.`);
}

/** Each option one selector: `key=value,key=value`, all of which must hold. @throws FreeholdError `usage` */
export function readSelectors(texts: readonly string[] | undefined): readonly Readonly<Record<string, string>>[] | undefined {
  return texts?.map((text) => {
    const labels: Record<string, string> = {};
    for (const part of text.split(',')) {
      const [key = '', value, extra] = part.trim().split('=');
      if (value === undefined || extra !== undefined || !LABEL_KEY.test(key) || !LABEL_VALUE.test(value)) {
        throw usageError(
          `"${text}" is no node selector.`,
          'Expected KEY=VALUE, or several with commas: --node-selector kubernetes.io/hostname=worker-1',
        );
      }
      labels[key] = value;
    }
    return labels;
  });
}
