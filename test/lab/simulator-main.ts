/**
 * The simulator's process: simulated hosts on one packet socket, in a namespace of its own, driven over the IPC channel. Ends
 * when that channel closes. Arguments: the interface, and optionally the seed, network and broadcast address.
 */
import { type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { decodeArpFrame, encodeArpFrame } from '../../src/core/codec/arp.ts';
import { FreeholdError } from '../../src/core/error.ts';
import { openPacketWire } from '../../src/link/packet-wire.ts';
import type { PacketWire, ReceivedFrame } from '../../src/link/types.ts';
import { assertEnclosed } from './guard.ts';
import { createObserved, type SimulatorReport } from './observed.ts';
import { type ArpToSend, createSimulator } from './simulator.ts';
import type { SimulatorAnswer, SimulatorMessage, SimulatorOrder } from './simulator-protocol.ts';

function address(text: string | undefined): Ipv4 | null {
  const read = parseIpv4(text ?? '');
  return read.ok ? read.value : null;
}

function answer(message: SimulatorAnswer): void {
  if (process.connected) process.send?.(message);
}

function start(interfaceName: string, seed: number, network: Ipv4 | null, broadcast: Ipv4 | null): void {
  assertEnclosed();
  const ends = network === null || broadcast === null ? null : { network, broadcast };
  let observed = createObserved(ends);
  let before = { framesSent: 0, sendErrors: 0 };

  const wire: PacketWire = openPacketWire(interfaceName, {
    onFrame: hear,
    onError: (errorCode) => process.stderr.write(`simulator: ${interfaceName}: ${errorCode}\n`),
  });
  const simulator = createSimulator({ sendArp, after }, seed);

  function after(ms: number, act: () => void): () => void {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  }

  function sendArp(frame: ArpToSend): void {
    const { destination, ...arp } = frame;
    const bytes = encodeArpFrame({ ...arp, etherSource: frame.senderMac, etherDestination: destination, vlanIds: [] });
    wire.send(bytes, bytes.length);
  }

  function hear(frame: ReceivedFrame): void {
    const arp = decodeArpFrame(frame.bytes, frame.vlanId);
    if (!arp.ok) {
      observed.noteOther();
      return;
    }
    if (arp.value.operation === 'reply') {
      observed.noteReply();
      return;
    }
    observed.noteRequest(arp.value.targetAddress, arp.value.senderAddress, arp.value.senderMac, frame.atMs);
    simulator.handleRequest(arp.value, frame.atMs);
  }

  const sentSince = (): { framesSent: number; sendErrors: number } => {
    const now = wire.stats();
    return { framesSent: now.framesSent - before.framesSent, sendErrors: now.sendErrors - before.sendErrors };
  };

  function must(known: boolean, id: string): null {
    if (known) return null;
    throw new FreeholdError('lab-no-such-host', `There is no simulated host "${id}"`);
  }

  function obey(order: SimulatorOrder): SimulatorReport | null {
    switch (order.kind) {
      case 'add':
        simulator.add(order.hosts);
        return null;
      case 'remove':
        return must(simulator.remove(order.id), order.id);
      case 'temper':
        return must(simulator.setTemper(order.id, order.temper), order.id);
      case 'announce':
        return must(simulator.announce(order.id, order.announcement), order.id);
      case 'report':
        wire.drain();
        return observed.report(order.addresses, sentSince());
      case 'forget':
        wire.drain();
        observed = createObserved(ends);
        before = wire.stats();
        return null;
    }
  }

  process.on('message', ({ number, order }: SimulatorMessage) => {
    try {
      answer({ kind: 'done', number, report: obey(order) });
    } catch (error) {
      answer({ kind: 'refused', number, error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on('disconnect', () => {
    simulator.close();
    wire.close();
    process.exit(0);
  });
  answer({ kind: 'ready' });
}

// A Ctrl-C on the terminal goes to every process there: the one who started this one decides when it ends.
process.on('SIGINT', () => {});
try {
  const [interfaceName = '', seed = '1', network, broadcast] = process.argv.slice(2);
  start(interfaceName, Number(seed), address(network), address(broadcast));
} catch (error) {
  answer({ kind: 'failed', error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  if (process.connected) process.disconnect();
}
