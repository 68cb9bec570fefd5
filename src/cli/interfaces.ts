/**
 * Which interface to probe from, where the command line names none. Never guesses: asks on a terminal, and otherwise refuses with
 * the list and the exact command. Reads the machine's interfaces; sends nothing.
 */
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { formatCidr, networkOf, rangeOfCidr } from '../core/address/cidr.ts';
import { parseIpv4 } from '../core/address/ipv4.ts';
import { contains, type Ipv4Range } from '../core/address/range.ts';
import { usageError } from './exit.ts';

export interface InterfaceChoice {
  readonly name: string;
  /** `192.0.2.0/24`, each once. */
  readonly networks: readonly string[];
  /** Whether the range that was asked for lies in one of them. */
  readonly holdsTarget: boolean;
}

/** Asks a person; resolves with what was typed, or null where they left (Ctrl-C, Ctrl-D). */
export type Ask = (question: string) => Promise<string | null>;

interface SystemAddress {
  readonly address: string;
  readonly family: string;
  readonly internal: boolean;
  readonly cidr: string | null;
}

/** Interfaces that are up and have an IPv4 network; those that hold `target` first. */
export function interfaceChoices(
  target: Ipv4Range | null,
  system: Readonly<Record<string, readonly SystemAddress[] | undefined>> = networkInterfaces(),
): readonly InterfaceChoice[] {
  const choices: InterfaceChoice[] = [];
  for (const [name, addresses] of Object.entries(system)) {
    const networks = new Set<string>();
    let holdsTarget = false;
    for (const { address, family, internal, cidr } of addresses ?? []) {
      const parsed = parseIpv4(address);
      const length = Number(cidr?.split('/')[1] ?? Number.NaN);
      if (family !== 'IPv4' || internal || !parsed.ok || !Number.isInteger(length)) continue;
      const network = networkOf(parsed.value, length);
      networks.add(formatCidr(network));
      const range = rangeOfCidr(network);
      holdsTarget ||= target !== null && contains(range, target.first) && contains(range, target.last);
    }
    if (networks.size > 0) choices.push({ name, networks: [...networks], holdsTarget });
  }
  return choices.sort((a, b) => Number(b.holdsTarget) - Number(a.holdsTarget));
}

const describe = (choice: InterfaceChoice): string =>
  `${choice.name}  ${choice.networks.join(', ')}${choice.holdsTarget ? '  (holds the range asked for)' : ''}`;

/** @param ask null where nobody can be asked. @param again the rest of the command line, as typed. */
export async function chooseInterface(choices: readonly InterfaceChoice[], ask: Ask | null, again: string): Promise<string> {
  const first = choices[0];
  if (first === undefined) {
    throw usageError(
      'no interface named, and none of this machine is up with an IPv4 network',
      'Name one: freehold scan --interface IF',
    );
  }
  if (ask === null) {
    const commands = choices.map(
      (choice) => `freehold scan --interface ${choice.name}${again}   # ${choice.networks.join(', ')}`,
    );
    throw usageError(
      'no interface named, and Freehold never guesses where to send probes',
      `Run one of:\n${commands.join('\n')}`,
    );
  }
  const list = choices.map((choice, index) => `  ${index + 1}  ${describe(choice)}`).join('\n');
  const answer = await ask(`Which interface shall be probed?\n${list}\nNumber or name: `);
  const typed = answer?.trim() ?? '';
  if (typed === '') throw usageError('no interface chosen; nothing was sent');
  const chosen =
    choices.find((choice) => choice.name === typed) ?? (/^\d+$/.test(typed) ? choices[Number(typed) - 1] : undefined);
  if (chosen === undefined) throw usageError(`"${typed}" is none of the interfaces listed; nothing was sent`);
  return chosen.name;
}

/** Asks on the terminal: the question goes to stderr, so that stdout stays the answer's. @param until takes the question back */
export async function askOnTerminal(question: string, until?: AbortSignal): Promise<string | null> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<null>((resolve) => reader.once('close', () => resolve(null)));
  // Left open, it would hold the process until somebody presses Enter.
  const close = (): void => reader.close();
  until?.addEventListener('abort', close, { once: true });
  try {
    const answer = await Promise.race([reader.question(question).catch(() => null), left]);
    // Ctrl-C leaves the cursor on the line of the question.
    if (answer === null) process.stderr.write('\n');
    return answer;
  } finally {
    until?.removeEventListener('abort', close);
    reader.close();
  }
}
