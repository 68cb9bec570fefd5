/** Whether MetalLB's pods run: controller, speakers, and what the speakers need to find each other. Pure. */
import type { Workload } from '../../types.ts';
import { clusterCheck, failed, type Judgement, ok, skipped, unreadOf } from '../judge.ts';
import type { Check, ClusterReading } from '../types.ts';
import { clauses, count, quoted } from '../words.ts';

const GROUP = 'MetalLB';

/** What Kubernetes says of the pods, to put after a sentence. */
const because = ({ details }: ClusterReading, component: 'controller' | 'speaker'): string => {
  const reasons = details.troubles[component];
  return reasons.length === 0
    ? ''
    : ` Kubernetes says: ${clauses(
        reasons.map((one) => quoted(one)),
        3,
      )}.`;
};

const missing = (what: string, namespace: string, elsewhere: readonly string[]): Judgement => {
  const other = elsewhere[0]?.split(' ')[1]?.split('/')[0];
  return failed(
    `There is no ${what} in the namespace ${namespace}.`,
    other === undefined
      ? 'Install it (freehold metallb install); or name the namespace that MetalLB runs in: --namespace NAME'
      : `There are objects of MetalLB in ${other}: if it runs there, say so: --namespace ${other}`,
  );
};

const figures = ({ ready, desired }: Workload): string => `${ready} of ${desired}`;

export const controllerReady: Check = clusterCheck(
  {
    name: 'controller-ready',
    title: 'The controller runs',
    group: GROUP,
    why: 'The controller gives addresses to Services, and its webhook judges every pool: without it both stand still.',
    reads: ['deployment controller'],
    needsMetallb: true,
  },
  (reading) => {
    const { namespace, metallb } = reading.facts;
    const { controller } = metallb;
    if (controller === null) return missing('Deployment controller', namespace, reading.details.elsewhere);
    if (controller.ready > 0) return ok(`${figures(controller)} ${controller.desired === 1 ? 'is' : 'are'} ready.`);
    if (controller.desired === 0) {
      return failed(
        `The Deployment ${controller.name} is scaled to 0.`,
        `kubectl -n ${namespace} scale deployment ${controller.name} --replicas 1`,
      );
    }
    return failed(
      `${figures(controller)} ${controller.desired === 1 ? 'is' : 'are'} ready.${because(reading, 'controller')}`,
      `kubectl -n ${namespace} describe deployment ${controller.name}; kubectl -n ${namespace} get pods,events`,
    );
  },
);

export const speakersReady: Check = clusterCheck(
  {
    name: 'speakers-ready',
    title: 'A speaker runs on every node',
    group: GROUP,
    why: 'A node without a speaker announces nothing; without any speaker every address of every pool is dark.',
    reads: ['daemonset speaker'],
    needsMetallb: true,
  },
  (reading) => {
    const { namespace, metallb, nodes } = reading.facts;
    const { speaker } = metallb;
    if (speaker === null) return missing('DaemonSet speaker', namespace, reading.details.elsewhere);
    const look = `kubectl -n ${namespace} describe daemonset ${speaker.name}; kubectl -n ${namespace} get pods -o wide`;
    if (speaker.desired === 0) {
      return failed(
        `The DaemonSet ${speaker.name} wants no pod on any of ${count(nodes.length, 'node')}.`,
        `Its nodeSelector or tolerations fit no node: kubectl -n ${namespace} get daemonset ${speaker.name} -o yaml`,
      );
    }
    if (speaker.ready === 0) return failed(`${figures(speaker)} are ready.${because(reading, 'speaker')}`, look);
    if (speaker.ready < speaker.desired) {
      return failed(
        `Only ${figures(speaker)} are ready.${because(reading, 'speaker')}`,
        look,
        'An address whose leader would be on such a node moves to another one, or stays dark where that one does not know.',
      );
    }
    return ok(`${figures(speaker)} ${speaker.desired === 1 ? 'is' : 'are'} ready.`);
  },
);

export const memberlistSecret: Check = clusterCheck(
  {
    name: 'memberlist-secret',
    title: 'The speakers have the secret that they find each other by',
    group: GROUP,
    why: 'The controller makes it at its start. Without it the pods of the speakers cannot start.',
    needsMetallb: true,
  },
  (reading) => {
    const { namespace, metallb } = reading.facts;
    if (metallb.memberlist === true) return ok('The secret memberlist is there.');
    const { speaker } = metallb;
    // They mount it: whichever it is, it is there.
    if (speaker !== null && speaker.ready > 0 && speaker.ready >= speaker.desired) {
      return ok('All speakers run, so that the secret which they mount is there.');
    }
    if (metallb.memberlist === null) {
      const unread = unreadOf(reading, 'secret memberlist');
      return skipped(
        unread?.message ?? 'The secret cannot be read.',
        `The right to get the secret memberlist; or look: kubectl -n ${namespace} get secret memberlist`,
      );
    }
    return failed(
      `There is no secret memberlist in ${namespace}, and not all speakers run.`,
      `The controller makes it: look why it does not, kubectl -n ${namespace} logs deployment/controller (it must reach the API server).`,
    );
  },
);

export const memberlistPort: Check = clusterCheck(
  {
    name: 'memberlist-port',
    title: 'The nodes reach each other at port 7946',
    group: GROUP,
    why: 'Speakers tell by TCP and UDP 7946 who of them is alive. Where a firewall is between them, two nodes answer for one address.',
    reads: ['nodes'],
    needsMetallb: true,
  },
  ({ facts: { nodes } }) => {
    if (nodes.length < 2) return ok(`There is ${nodes.length === 1 ? 'one node' : 'no node'}: nobody to reach.`);
    return skipped(
      'It goes from node to node, and cannot be looked at from here.',
      'On one node, for each other one: nc -zv NODE 7946 && nc -zvu NODE 7946. Docker Swarm uses the same port.',
    );
  },
);
