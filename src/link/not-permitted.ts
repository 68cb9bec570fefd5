/**
 * The one sentence for a process without the right to raw sockets, and its remedy.
 */
import { EXIT, FreeholdError } from '../core/error.ts';

export const notPermitted = (message: string): FreeholdError =>
  new FreeholdError('not-permitted', message, {
    hint: `Run it as root or through its systemd unit, or give the runtime the right: setcap cap_net_raw+ep ${process.execPath}`,
    exitCode: EXIT.notPermitted,
  });
