/**
 * Becomes a program that may make only these system calls and open only these kinds of sockets, as systemd has it by
 * SystemCallFilter= and RestrictAddressFamilies=. Started as `node sandbox-main.ts RULES PROGRAM ARGUMENT...`.
 */
import { createRequire } from 'node:module';
import type { SandboxRules } from './sandbox.ts';

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const REFUSE_EPERM = 0x00050001;
const EQUAL = 4;

const [rulesText = '', program = '', ...args] = process.argv.slice(2);
const { calls, families, unlisted } = JSON.parse(rulesText) as SandboxRules;

const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
const seccomp = koffi.load('libseccomp.so.2');
const Comparison = koffi.struct({ arg: 'uint', op: 'int', a: 'uint64_t', b: 'uint64_t' });
const init = seccomp.func('void *seccomp_init(uint32_t)');
const resolveName = seccomp.func('int seccomp_syscall_resolve_name(const char *)');
const addRule = seccomp.func('seccomp_rule_add_array', 'int', ['void *', 'uint32_t', 'int', 'uint', koffi.pointer(Comparison)]);
const load = seccomp.func('int seccomp_load(void *)');

const must = (result: number, what: string): void => {
  if (result !== 0) throw new Error(`${what}: ${result}`);
};

const filter: unknown = init(unlisted === 'kill' ? KILL_PROCESS : REFUSE_EPERM);
for (const name of calls) {
  const number: number = resolveName(name);
  // Calls of other architectures have no number here.
  if (name !== 'socket' && number >= 0) must(addRule(filter, ALLOW, number, 0, null), name);
}
for (const family of families) {
  must(addRule(filter, ALLOW, resolveName('socket'), 1, [{ arg: 0, op: EQUAL, a: family, b: 0 }]), `family ${family}`);
}
must(load(filter), 'seccomp_load');
process.execve?.(program, [program, ...args], process.env);
