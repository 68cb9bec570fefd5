/** All checks, in the order in which they are shown, and how they are run. Pure. */
import { advertisementUnmatched, poolUnmatched } from './checks/advertisements.ts';
import { serviceNoLeader, serviceWithoutEndpoints, staleLayer2Status } from './checks/announcements.ts';
import { guardCoversPools, openConflicts, unfinishedClaims } from './checks/daemon.ts';
import { dhcpScopeOverlap, dhcpSeen } from './checks/dhcp.ts';
import { clusterReachable, configurationStates, installed, version } from './checks/install.ts';
import { rightToSend, subnetAndInterface } from './checks/machine.ts';
import { ciliumL2, excludedNodes, kubeProxyMode, servicelb, strictArp } from './checks/network.ts';
import { infrastructureInPool, nodeAddressInPool, poolOutsideNodeSubnets } from './checks/pool-addresses.ts';
import { poolExhausted, poolHostBits, poolsDefined, poolsOverlap } from './checks/pools.ts';
import { deprecatedAnnotation, pendingServices, requestedOutsidePools } from './checks/services.ts';
import { poolAddressInUse, secondCluster } from './checks/strangers.ts';
import { webhookAnswers, webhookFailurePolicy, webhookReady } from './checks/webhook.ts';
import { announcedNotAnswered, severalAnswerers } from './checks/wire.ts';
import { controllerReady, memberlistPort, memberlistSecret, speakersReady } from './checks/workloads.ts';
import type { Check, CheckResult, CheckStatus, DoctorContext, Source } from './types.ts';

export const CHECKS: readonly Check[] = [
  subnetAndInterface,
  rightToSend,
  dhcpSeen,
  dhcpScopeOverlap,
  openConflicts,
  guardCoversPools,
  unfinishedClaims,
  clusterReachable,
  installed,
  version,
  controllerReady,
  speakersReady,
  memberlistSecret,
  memberlistPort,
  webhookReady,
  webhookAnswers,
  webhookFailurePolicy,
  configurationStates,
  kubeProxyMode,
  strictArp,
  servicelb,
  ciliumL2,
  excludedNodes,
  poolsDefined,
  poolHostBits,
  poolsOverlap,
  nodeAddressInPool,
  infrastructureInPool,
  poolOutsideNodeSubnets,
  poolUnmatched,
  advertisementUnmatched,
  poolExhausted,
  pendingServices,
  requestedOutsidePools,
  deprecatedAnnotation,
  serviceWithoutEndpoints,
  serviceNoLeader,
  staleLayer2Status,
  announcedNotAnswered,
  severalAnswerers,
  poolAddressInUse,
  secondCluster,
];

/** What these checks look at: nothing else has to be gathered. */
export const sourcesOf = (checks: readonly Check[]): ReadonlySet<Source> => new Set(checks.flatMap(({ sources }) => sources));

export interface Examined {
  readonly check: Check;
  readonly result: CheckResult;
}

export const examine = (checks: readonly Check[], context: DoctorContext): readonly Examined[] =>
  checks.map((check) => ({ check, result: check.run(context) }));

export function countByStatus(examined: readonly Examined[]): Readonly<Record<CheckStatus, number>> {
  const counts: Record<CheckStatus, number> = { ok: 0, warning: 0, failed: 0, skipped: 0 };
  for (const { result } of examined) counts[result.status]++;
  return counts;
}
