/**
 * $NOTIFY_SOCKET as a `struct sockaddr_un` (unix(7), sd_notify(3)). Pure; opens nothing.
 */
import { endianness } from 'node:os';
import { err, ok, type Result } from '../../core/result.ts';

const AF_UNIX = 1;
/** sizeof(sun_path) */
const LONGEST_PATH = 108;

/**
 * `/path`, or `@name` for a socket of the abstract namespace. The octets are what bind(2) and sendto(2) take, exactly as long as
 * they must be: the length is part of an abstract name.
 */
export function socketAddress(text: string): Result<Uint8Array> {
  const abstract = text.startsWith('@');
  if (!abstract && !text.startsWith('/')) return err('it is neither an absolute path nor @NAME');
  if (text.length < 2) return err('it names nothing');
  if (text.includes('\0')) return err('it holds a NUL');
  const name = new TextEncoder().encode(text);
  // A path ends in a NUL; in an abstract name the @ stands for the NUL that it begins with.
  const length = abstract ? name.length : name.length + 1;
  if (length > LONGEST_PATH) return err(`it is longer than the ${LONGEST_PATH} octets that the kernel takes`);
  const address = new Uint8Array(2 + length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, endianness() === 'LE');
  address.set(name, 2);
  if (abstract) address[2] = 0;
  return ok(address);
}
