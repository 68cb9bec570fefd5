/**
 * ISC dhcpd's lease file (dhcpd.leases(5)): a log of declarations `lease ADDRESS { ... }`, of which the last one of an address
 * counts. A declaration that the file ends in is being written, and is left out. Other declarations are skipped.
 */
import { type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';
import { type Mac, parseMac } from '../../core/address/mac.ts';
import { iscDate } from './isc-date.ts';
import { type IscToken, iscTokens } from './isc-tokens.ts';
import { hostnameOf, type LeaseEntry, type LeaseParser, leaseTable, MALFORMED } from './types.ts';

/** More words than any statement has that is read here. */
const MAX_WORDS = 8;

/** What else a lease file holds at its top; anything that begins otherwise is malformed. */
const OTHER_DECLARATIONS = new Set([
  'authoring-byte-order',
  'server-duid',
  'failover',
  'host',
  'group',
  'subgroup',
  'class',
  'subclass',
  'ia-na',
  'ia-ta',
  'ia-pd',
]);

interface Declaration {
  readonly address: Ipv4;
  state: string | null;
  /** Epoch ms; null before its statement. */
  endsMs: number | null;
  mac: Mac | null;
  hostname: string | null;
  broken: boolean;
}

export function iscParser(): LeaseParser {
  const table = leaseTable();
  let statement: IscToken[] = [];
  let depth = 0;
  let open: Declaration | null = null;

  const begin = (): void => {
    const address = leaseAddress(statement);
    // A lease is never declared within another: the end of the one before is missing.
    if (address !== null && depth > 0) {
      table.take(MALFORMED);
      depth = 0;
    }
    if (depth === 0) {
      open = address === null ? null : { address, state: null, endsMs: null, mac: null, hostname: null, broken: false };
      if (open === null && !isOther(statement)) table.take(MALFORMED);
    }
    depth++;
    statement = [];
  };
  const end = (): void => {
    // What stands before a brace without its semicolon is no statement.
    const loose = statement.length > 0;
    statement = [];
    if (depth === 0) {
      table.take(MALFORMED);
      return;
    }
    depth--;
    if (depth === 0 && open !== null) {
      table.take(loose ? MALFORMED : entryOf(open));
      open = null;
    }
  };
  const tokens = iscTokens((token) => {
    switch (token.kind) {
      case '{':
        return begin();
      case '}':
        return end();
      case ';':
        if (depth === 1 && open !== null) takeStatement(open, statement);
        else if (depth === 0 && !isOther(statement)) table.take(MALFORMED);
        statement = [];
        return;
      case 'word':
      case 'string':
        if (statement.length < MAX_WORDS) statement.push(token);
        return;
    }
  });
  return {
    push: tokens.push,
    endFile: () => {
      tokens.reset();
      statement = [];
      depth = 0;
      open = null;
    },
    content: table.content,
  };
}

const wordAt = (statement: readonly IscToken[], index: number): string => {
  const token = statement[index];
  return token?.kind === 'word' ? token.text : '';
};

const isOther = (statement: readonly IscToken[]): boolean => OTHER_DECLARATIONS.has(wordAt(statement, 0));

function leaseAddress(statement: readonly IscToken[]): Ipv4 | null {
  if (statement.length !== 2 || wordAt(statement, 0) !== 'lease') return null;
  const address = parseIpv4(wordAt(statement, 1));
  return address.ok ? address.value : null;
}

/** Statements about anything else (options, variables, client ids, further times) say nothing that is wanted here. */
function takeStatement(open: Declaration, statement: readonly IscToken[]): void {
  switch (wordAt(statement, 0)) {
    case 'ends':
      open.endsMs = iscDate(statement.slice(1).map((_, index) => wordAt(statement, index + 1)));
      open.broken ||= open.endsMs === null;
      return;
    case 'binding':
      if (wordAt(statement, 1) === 'state') open.state = wordAt(statement, 2);
      else open.broken = true;
      return;
    case 'abandoned':
      // How versions before 3.0 said it.
      open.state = 'abandoned';
      return;
    case 'hardware':
      open.mac = wordAt(statement, 1) === 'ethernet' ? iscMac(wordAt(statement, 2)) : null;
      return;
    case 'client-hostname': {
      const name = statement[1];
      open.hostname = name?.kind === 'string' ? hostnameOf(name.text) : null;
      open.broken ||= name?.kind !== 'string' || !name.closed;
      return;
    }
    default:
      open.broken ||= statement.some((token) => token.kind === 'string' && !token.closed);
  }
}

/** Some versions wrote octets without their leading zero. */
function iscMac(text: string): Mac | null {
  const mac = parseMac(text.replace(/(?<=^|:)[0-9a-f](?=:|$)/gi, '0$&'));
  return mac.ok ? mac.value : null;
}

/** Broken, it says nothing about its address: what was said before stays. */
function entryOf({ address, state, endsMs, mac, hostname, broken }: Declaration): LeaseEntry {
  if (broken) return MALFORMED;
  switch (state) {
    case null: // Versions before 3.0 wrote no state.
    case 'active':
    case 'reserved': // Flags of an active lease, written as states by versions before 4.0.
    case 'bootp':
      return endsMs === null ? MALFORMED : { kind: 'lease', address, mac, hostname, endsMs };
    case 'abandoned':
      return { kind: 'declined', address };
    case 'free':
    case 'backup':
    case 'expired':
    case 'released':
    case 'reset':
      return { kind: 'former', address };
    default:
      return MALFORMED;
  }
}
