import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readProxyConfig, withStrictArp } from '../../../src/cluster/strict-arp/config-text.ts';

const kubeadm = (strict: string, mode = 'ipvs'): string => `apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
clientConnection:
  acceptContentTypes: ""
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
# ipvs: strictARP: true is only for MetalLB
conntrack:
  maxPerCore: null
ipvs:
  excludeCIDRs: null   # none
  minSyncPeriod: 0s
${strict}  syncPeriod: 0s
kind: KubeProxyConfiguration
mode: "${mode}"
nodePortAddresses:
- 192.0.2.0/24
`;

describe('readProxyConfig', () => {
  it.each([
    ['true', kubeadm('  strictARP: true\n'), { mode: 'ipvs', strictArp: true, written: 'true' }],
    ['false', kubeadm('  strictARP: false\n'), { mode: 'ipvs', strictArp: false, written: 'false' }],
    ['null', kubeadm('  strictARP: null\n'), { mode: 'ipvs', strictArp: false, written: 'null' }],
    ['an empty value', kubeadm('  strictARP:\n'), { mode: 'ipvs', strictArp: false, written: 'null' }],
    ['absent', kubeadm(''), { mode: 'ipvs', strictArp: false, written: 'absent' }],
    ['only in a comment', kubeadm('  # strictARP: true\n'), { mode: 'ipvs', strictArp: false, written: 'absent' }],
    ['a text', kubeadm('  strictARP: "true"\n'), { mode: 'ipvs', strictArp: false, written: '"true"' }],
    ['no ipvs at all', 'kind: KubeProxyConfiguration\nmode: ipvs\n', { mode: 'ipvs', strictArp: false, written: 'absent' }],
    ['another mode', kubeadm('', 'iptables'), { mode: 'iptables', strictArp: false, written: 'absent' }],
    ['no mode', kubeadm('', ''), { mode: '', strictArp: false, written: 'absent' }],
  ])('reads strictARP: %s', (_, text, expected) => {
    expect(readProxyConfig(text)).toEqual(expected);
  });

  it.each([
    ['no YAML', 'ipvs: [', /no YAML/],
    ['a key that is there twice', 'mode: ipvs\nmode: iptables\n', /no YAML/],
    ['two documents', 'mode: ipvs\n---\nmode: iptables\n', /no YAML/],
    ['a list', '- mode: ipvs\n', /no mapping/],
    ['nothing', '', /no mapping/],
    ['ipvs as a text', 'ipvs: yes please\n', /"ipvs" is no mapping/],
    ['another kind', 'kind: KubeletConfiguration\n', /is a KubeletConfiguration/],
  ])('refuses %s', (_, text, why) => {
    expect(() => readProxyConfig(text)).toThrow(expect.objectContaining({ code: 'kube-proxy-config-bad', exitCode: 3 }));
    expect(() => readProxyConfig(text)).toThrow(why);
  });
});

describe('withStrictArp', () => {
  const on = kubeadm('  strictARP: true\n');

  it.each([['false'], ['null'], ['~'], ['"true"'], ["'no'"], ['no']])('changes nothing but the value: %s', (value) => {
    expect(withStrictArp(kubeadm(`  strictARP: ${value}\n`))).toBe(on);
  });

  it('keeps the comment behind the value', () => {
    expect(withStrictArp(kubeadm('  strictARP: false # off\n'))).toBe(kubeadm('  strictARP: true # off\n'));
  });

  it('leaves what says so already as it is, to the byte', () => {
    const odd = 'mode:   ipvs\nipvs: {strictARP:   true}\n';
    expect(withStrictArp(odd)).toBe(odd);
  });

  it.each([
    ['absent', kubeadm('')],
    ['empty', kubeadm('  strictARP:\n')],
    ['only in a comment', kubeadm('  # strictARP: true\n')],
    ['in a flow mapping', 'mode: ipvs\nipvs: {syncPeriod: 0s}\n'],
    ['without ipvs', 'mode: ipvs\n# the end\n'],
    ['with ipvs: null', 'ipvs:\nmode: ipvs\n'],
    ['with Windows line ends', 'ipvs:\r\n  syncPeriod: 0s\r\nmode: ipvs\r\n'],
  ])('adds it where it is %s, and changes no other value and no comment', (_, text) => {
    const changed = withStrictArp(text);
    const before = parse(text) as Record<string, unknown>;
    expect(parse(changed)).toEqual({ ...before, ipvs: { ...(before['ipvs'] as object | null), strictARP: true } });
    const comments = (all: string): readonly string[] => all.match(/#.*/g) ?? [];
    expect(comments(changed)).toEqual(comments(text));
    expect(Object.keys(parse(changed) as object).filter((key) => key in before)).toEqual(Object.keys(before));
  });

  it('folds no long line and moves no list', () => {
    const changed = withStrictArp(`${kubeadm('')}featureGates:\n  ${'a'.repeat(90)}: true\n  text: ${'word '.repeat(40)}end\n`);
    expect(changed).toContain(`text: ${'word '.repeat(40)}end\n`);
    expect(changed).toContain('nodePortAddresses:\n- 192.0.2.0/24\n');
  });

  it.each([
    ['an anchor that others use', 'mode: ipvs\nipvs:\n  strictARP: &off false\nother: *off\n'],
    ['a mapping that others use', 'a: &a {syncPeriod: 0s}\nipvs: *a\nmode: ipvs\n'],
  ])('refuses to change %s', (_, text) => {
    expect(() => withStrictArp(text)).toThrow(/without changing something else/);
  });
});
