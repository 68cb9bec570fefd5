/** The command line of a claim, but for its addresses: what is offered is to be typed as it stands. Pure. */
import type { ApplyOptions } from './run.ts';

/** Where the shell would see more than one word, or something of its own. */
const quoted = (text: string): string => (/^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function commandLine(options: ApplyOptions): string {
  const words: string[] = ['freehold apply'];
  const add = (name: string, value: string | number | undefined, usual?: string): void => {
    if (value !== undefined && value !== usual) words.push(`--${name} ${quoted(String(value))}`);
  };
  add('name', options.name, 'production-pool');
  add('advertisement', options.advertisement, 'production-advertisement');
  add('namespace', options.namespace, 'metallb-system');
  for (const name of options.interface ?? []) add('interface', name);
  for (const labels of options.nodeSelector ?? []) add('node-selector', labels);
  if (options.autoAssign !== undefined) words.push(options.autoAssign ? '--auto-assign' : '--no-auto-assign');
  if (options.avoidBuggyIps === true) words.push('--avoid-buggy-ips');
  if (options.allowForeignSubnet === true) words.push('--allow-foreign-subnet');
  add('quiet-for', options.quietFor);
  add('min-sweeps', options.minSweeps);
  add('max-gap', options.maxGap);
  add('min-coverage', options.minCoverage);
  if (options.ignoreDhcpSpans === true) words.push('--ignore-dhcp-spans');
  add('segment', options.segment);
  add('kubeconfig', options.kubeconfig);
  add('context', options.context);
  add('url', options.url);
  add('socket', options.socket);
  add('token-file', options.tokenFile);
  add('config', options.config);
  return words.join(' ');
}
