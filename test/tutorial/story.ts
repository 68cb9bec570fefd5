/** The tutorial: what is said, and what is typed. What the commands print is put in by transcript.ts. */
import { MANIFEST } from './scene.ts';

export interface Step {
  readonly title: string;
  readonly text: string;
  /** What is typed, without `freehold`. */
  readonly command: readonly string[];
  /** How it must end. */
  readonly exitCode: number;
}

export const OPENING = `# From an empty cluster to a Service that answers

This is a transcript. A script made it (\`npm run tutorial\`), and a test makes it again and compares (\`test/docs/tutorial.lab.test.ts\`), so
every line below was printed by the commands as they are. The LAN is real to them (frames, ARP, a DHCP server with a client, two nodes as
Linux machines of their own), but exists only in network namespaces; the cluster is the API server double of \`test/cluster\` over HTTPS,
with what MetalLB and kube-proxy would do there. On your cluster you type the same. Figures differ from run to run.

The jump host is 192.0.2.5, the gateway 192.0.2.1, the nodes are 192.0.2.11 and 192.0.2.12. The cluster came up with kubeadm, kube-proxy in
IPVS mode, and without MetalLB. The daemon has been running for half a minute, and its criteria are short, which is for a tutorial only:
the defaults ask for three days (see [evidence.md](evidence.md)).

\`\`\`yaml
segments: [{ name: lan, interface: lan0, schedule: "*/3 * * * * *", rate: 1000 }]
proof: { quietFor: 20s, minSweeps: 4, maxGap: 15s, minCoverage: 0.9 }   # the default: 72h, 100, 15m, 0.95
metallb: { kubeconfig: /etc/freehold/kubeconfig }                       # read only: systemd/rbac-daemon.yaml
\`\`\`
`;

export const STORY: readonly Step[] = [
  {
    title: 'Which addresses are free?',
    text: 'Before anything else: what the daemon has proven so far, and what it withholds.',
    command: ['free', '--size', '16'],
    exitCode: 0,
  },
  {
    title: 'What stands in the way?',
    text: 'The doctor looks at everything that MetalLB needs, and says what was seen, why it matters, and what to do. It exits with 3, since something is missing.',
    command: ['doctor'],
    exitCode: 3,
  },
  {
    title: 'Install MetalLB',
    text: `The manifest is MetalLB's own, from its repository, as a file or an \`https\` address (here: the double's, with the same objects). It is looked at before it is applied, and what it makes is waited for, until MetalLB's webhook judges a pool.`,
    command: ['metallb', 'install', '--version', 'v0.15.3', '--manifest', MANIFEST, '--yes'],
    exitCode: 0,
  },
  {
    title: 'strictARP',
    text: 'kube-proxy in IPVS mode makes every node answer for every address of a Service, unless strictARP is on.',
    command: ['strict-arp', '--enable', '--yes'],
    exitCode: 0,
  },
  {
    title: 'Claim a range',
    text: "History, cluster, a live RFC 5227 run, the difference and the server's own dry run, a last look, the push, the read-back. Without `--yes` it asks before it pushes.",
    command: ['apply', '--size', '16', '--yes'],
    exitCode: 0,
  },
  {
    title: 'Does a Service get an address that answers?',
    text: 'A Deployment and a Service in a namespace of their own; the address must come from the pool, a node must answer for it on the wire, and TCP must connect from here. Then everything is removed.',
    command: ['smoke-test', '--pool', 'production-pool'],
    exitCode: 0,
  },
  {
    title: 'The doctor again',
    text: 'Nothing stands in the way any more. With an interface it also asks on the wire who answers.',
    command: ['doctor', '--interface', 'lan0'],
    exitCode: 0,
  },
  {
    title: 'What was claimed, and by whom',
    text: 'Every claim is kept in the ledger with its proof. From now on the guard watches the range: see [guard.md](guard.md).',
    command: ['claims'],
    exitCode: 0,
  },
];
